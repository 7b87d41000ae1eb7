// Notes when each row of the list says a word for the first time, in milliseconds since the epoch.
(word) => {
  globalThis.changed = {};
  const look = () => {
    for (const row of document.querySelectorAll("tr[data-row]")) {
      const { row: id } = row.dataset;
      if (!(id in changed) && row.textContent.includes(word)) changed[id] = Date.now();
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}
