// Keeps the fleet's page fresh, until the reader says stop. Without it the page is complete, too.
"use strict";
(() => {
  const live = document.getElementById("live");
  const fleet = document.getElementById("fleet");
  if (!live || !fleet) return;
  let on = true;
  const said = document.createElement("span");
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "slim";
  const tell = (text) => { said.textContent = text; };
  const show = () => {
    tell(on ? "Si aggiorna ogni 30 secondi." : "Aggiornamento fermo.");
    stop.textContent = on ? "Ferma" : "Riprendi";
    stop.setAttribute("aria-pressed", String(!on));
  };
  stop.addEventListener("click", () => { on = !on; show(); });
  live.append(said, stop);
  show();
  const busy = () => document.hidden || fleet.contains(document.activeElement);
  setInterval(async () => {
    if (!on || busy()) return;
    try {
      const answer = await fetch("/op/", { headers: { "X-Refresh": "1" }, redirect: "manual" });
      if (!answer.ok) { tell("Non risponde: i dati sono di prima. Ricarica la pagina."); return; }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("fleet");
      if (!fresh || busy()) return;
      fleet.replaceChildren(...fresh.childNodes);
      show();
    } catch {
      tell("Non risponde: i dati sono di prima. Riprova da sola.");
    }
  }, 30000);
})();
