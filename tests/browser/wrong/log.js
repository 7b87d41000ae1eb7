console.error("spoken");
