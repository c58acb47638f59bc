addEventListener("load", () => {
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const view = frame.contentWindow;
  const all = (selector) => [...page.querySelectorAll(selector)];
  const ids = all("[id]").map((element) => element.id);
  const root = page.documentElement;

  // What is folded away must fit as well.
  all("details").forEach((details) => (details.open = true));

  // Relative luminance by WCAG, of what the page resolved a colour to.
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const linear = parts.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };

  const figures = all("figure").map((figure) => {
    const svg = figure.querySelector("svg");
    const place = svg.getBoundingClientRect();
    const ground = view.getComputedStyle(figure).backgroundColor;
    const texts = [...svg.querySelectorAll("text")];
    const sizes = texts.map((text) => text.getBoundingClientRect().height);
    return {
      width: place.width,
      height: place.height,
      labelled: svg.getAttribute("role") === "img" && svg.getAttribute("aria-label").length > 20,
      captioned: figure.querySelector("figcaption").textContent.length > 20,
      marks: svg.querySelectorAll("path, polyline, rect").length,
      texts: texts.length,
      smallestText: Math.min(...sizes),
      outside: texts.filter((text) => {
        const box = text.getBoundingClientRect();
        return box.left < place.left - 1 || box.right > place.right + 1 || box.bottom > place.bottom + 1;
      }).length,
      contrast: Math.min(...texts.map((text) => contrast(view.getComputedStyle(text).fill, ground))),
    };
  });

  document.getElementById("found").textContent = JSON.stringify({
    title: page.title,
    language: root.lang,
    mode: page.compatMode,
    width: view.innerWidth,
    scrollWidth: root.scrollWidth,
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches,
    ground: luminance(view.getComputedStyle(page.body).backgroundColor),
    contrast: contrast(
      view.getComputedStyle(page.body).color,
      view.getComputedStyle(page.body).backgroundColor,
    ),
    headings: all("h1").length,
    figures,
    rows: all("tbody tr").length,
    rowsIn: Object.fromEntries(ids.map((id) => {
      return [id, page.getElementById(id).querySelectorAll("tbody tr").length];
    })),
    requests: view.performance.getEntriesByType("resource").length,
    scripts: page.scripts.length,
    repeatedIds: ids.length - new Set(ids).size,
    deadReferences:
      all('a[href^="#"]').filter((link) => !page.getElementById(link.hash.slice(1))).length +
      all("[clip-path]").filter((part) => {
        return !page.getElementById(part.getAttribute("clip-path").slice(5, -1));
      }).length,
  });
});
