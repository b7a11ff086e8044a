// Puts decisions on the page as they happen. The server sends lines that are ready, with all that is foreign escaped.
"use strict";
(() => {
  const MOST = 100;
  const FEW = 3;
  const feed = document.getElementById("feed");
  const figures = document.getElementById("figures");
  const nothing = document.getElementById("nothing");
  const lamp = document.querySelector("[data-lamp]");
  const state = document.querySelector("[data-state]");
  const held = document.querySelector("[data-held]");
  const pause = document.querySelector("[data-pause]");
  let source = null;
  let last = feed.dataset.after;
  let connected = false;
  let paused = false;
  let waiting = [];

  const tell = () => {
    const [name, text] = !connected ? ["off", "Not connected; trying again"] : paused ? ["paused", "Paused"] : ["on", "Live"];
    lamp.dataset.lamp = name;
    if (state.textContent !== text) state.textContent = text;
    // Not within what screen readers say aloud: it may change ten times a second.
    held.textContent = waiting.length ? `${waiting.length === MOST ? `${MOST} or more` : waiting.length} waiting` : "";
  };

  const lines = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return [...template.content.children];
  };

  const show = (fresh) => {
    const unseen = fresh.filter((line) => !document.getElementById(line.id));
    // What comes by the dozen needs no pointing at, and to draw it so would cost a core.
    if (unseen.length <= FEW) for (const line of unseen) line.classList.add("new");
    feed.prepend(...unseen);
    while (feed.children.length > MOST) {
      // Not from under the reader's hands.
      if (feed.lastElementChild.contains(document.activeElement)) break;
      feed.lastElementChild.remove();
    }
    nothing.hidden = feed.children.length > 0;
  };

  const close = () => {
    if (source) source.close();
    source = null;
  };

  const open = () => {
    close();
    source = new EventSource(`/live?after=${encodeURIComponent(last)}`);
    source.addEventListener("open", () => {
      connected = true;
      tell();
    });
    source.addEventListener("error", () => {
      connected = false;
      tell();
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        setTimeout(() => { if (!source && !document.hidden) open(); }, 5000);
      }
    });
    source.addEventListener("decisions", (event) => {
      last = event.lastEventId || last;
      if (!paused) return show(lines(event.data));
      waiting = [...lines(event.data), ...waiting].slice(0, MOST);
      tell();
    });
    source.addEventListener("figures", (event) => {
      // What the reader has opened stays open, and where they are they stay.
      const used = figures.querySelector("details[open]") || figures.contains(document.activeElement);
      if (!paused && !used) figures.innerHTML = event.data;
    });
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) {
      show(waiting);
      waiting = [];
    }
    tell();
  });

  // A browser holds six connections to one place: a page that nobody sees must not keep one of them.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  if (!document.hidden) open();
})();
