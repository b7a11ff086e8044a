// Before the page is drawn, so that it never flashes in the other theme.
"use strict";
(() => {
  const KEY = "spark-theme";
  const ORDER = ["system", "light", "dark"];
  const read = () => {
    try {
      const kept = localStorage.getItem(KEY);
      return ORDER.includes(kept) ? kept : "system";
    } catch {
      return "system";
    }
  };
  const set = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  let theme = read();
  set(theme);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    const tell = () => { button.textContent = `Theme: ${theme}`; };
    tell();
    button.hidden = false;
    button.addEventListener("click", () => {
      theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
      set(theme);
      tell();
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // It holds for this page then.
      }
    });
  });
})();
