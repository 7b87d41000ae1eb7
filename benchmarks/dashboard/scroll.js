// Scrolls the list by a screen's part in each frame; returns the frames a second and the most rows in the document.
async (frames) => {
  const list = [...document.querySelectorAll("*")].find(
    (one) => one.querySelector("tr[data-row]") && one.scrollHeight > one.clientHeight + 100 && getComputedStyle(one).overflowY !== "visible",
  );
  const box = list ?? document.scrollingElement;
  let rows = 0;
  const begin = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    await new Promise(requestAnimationFrame);
    box.scrollTop += 160;
    rows = Math.max(rows, document.querySelectorAll("tr[data-row]").length);
  }
  return { fps: (1000 * frames) / (performance.now() - begin), rows, scrolled: box.scrollTop };
}
