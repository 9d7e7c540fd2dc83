async function copyAddress() {
  try {
    await navigator.clipboard.writeText(location.href);
  } catch { // not allowed on this address: the older way
    const field = document.createElement("textarea");
    field.value = location.href;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
// What a person chooses is one step of the browser's history, which Back undoes: Streamlit alone replaces the address, or makes a step
// of each control that changes. And the page that a link leaves keeps its address: Streamlit first writes what the next one has into it.
function keepSteps() {
  const long = 20000; // milliseconds from a click to the change that it leads to, on a busy server
  let touched = -Infinity;
  let leaving = -Infinity;
  for (const kind of ["pointerup", "keyup"]) addEventListener(kind, () => { touched = performance.now(); }, true);
  addEventListener("popstate", () => { touched = leaving = -Infinity; }, true);
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { leaving = -Infinity; }, true);
  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href]");
    const here = link && link.target !== "_blank" && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    leaving = here && link.pathname !== location.pathname ? performance.now() : -Infinity;
  }, true);
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  const step = (state, unused, address) => {
    const now = performance.now();
    const to = new URL(address || location.href, location.href);
    if (to.pathname !== location.pathname) {
      leaving = touched = -Infinity;
      push(state, unused, address);
      return;
    }
    if (now - leaving < long) return;
    const chosen = to.search !== location.search && now - touched < long;
    if (chosen) touched = -Infinity; // what changes with it is no further step
    (chosen ? push : replace)(state, unused, address);
  };
  history.pushState = step;
  history.replaceState = step;
}
// On a narrow window the navigation lies over the page: it closes when a page was chosen.
function closeNavigation() {
  addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('[data-testid="stSidebarNavLink"]');
    if (!link || window.innerWidth > 900 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    setTimeout(() => document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click(), 150);
  });
}
export default function (component) {
  if (!window.rcPrepared) {
    window.rcPrepared = true;
    keepSteps();
    closeNavigation();
  }
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".rc-root");
  if (root.rcMarkup !== data.markup) {
    root.innerHTML = data.markup;
    root.rcMarkup = data.markup;
  }
  const lead = () => {
    const panel = data.leads_to && document.querySelector(`.st-key-${data.leads_to}`);
    if (panel && window.innerWidth <= 1100) panel.scrollIntoView({ behavior: "smooth" });
  };
  if (data.arrives && root.rcArrived && root.rcArrived !== data.arrives) lead();
  root.rcArrived = data.arrives;
  root.onclick = (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      copyAddress().then(() => {
        const said = copy.textContent;
        copy.textContent = copy.dataset.copy;
        setTimeout(() => { copy.textContent = said; }, 1500);
      });
      return;
    }
    const target = event.target.closest("[data-pick]");
    if (!target) return;
    if (target.href) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a tab or window of its own
      event.preventDefault();
    }
    setTriggerValue("picked", target.dataset.pick);
    lead();
  };
}
