// Sliders of ipywidgets show their label beside the handle without tying it to it: a screen reader says "slider, 0.5".
// Here every handle, and the number beside it, is named after its label.

const LABELLED = ".widget-inline-hbox";
const NAMELESS = ".noUi-handle:not([aria-label]), .widget-readout:not([aria-label])";

function name(box) {
  for (const part of box.querySelectorAll(NAMELESS)) {
    const label = part.closest(LABELLED)?.querySelector(".widget-label")?.textContent.trim();
    if (label) part.setAttribute("aria-label", label);
  }
}

export default {
  render({ el }) {
    el.style.display = "none";
    let observer;
    // Attached, and its neighbours drawn, only after this call.
    const begin = setTimeout(() => {
      const box = el.closest(".labkit-explorer");
      if (!box) return;
      name(box);
      observer = new MutationObserver(() => name(box));
      observer.observe(box, { childList: true, subtree: true });
    });
    return () => {
      clearTimeout(begin);
      observer?.disconnect();
    };
  },
};
