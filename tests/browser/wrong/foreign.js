new Image().src = "http://example.invalid/picture.png";
