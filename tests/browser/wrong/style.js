document.head.append(Object.assign(document.createElement("style"), { textContent: "body { color: red }" }));
