setTimeout(() => {
  throw new Error("thrown");
});
