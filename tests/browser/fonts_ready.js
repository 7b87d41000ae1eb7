// Runs in the page: the set itself cannot leave it.
async () => {
  await document.fonts.ready;
};
