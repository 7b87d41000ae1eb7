// After everything that was already to happen.
setTimeout(() => console.log("done"), 50);
