
// The page without this script has all findings, the table of resources and their differences. With it: filters, keys, and a
// drawer that shows one resource with its dependencies. Texts become text nodes, never markup.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const ROWS = 300; // more rows are shown when somebody asks: a browser is slow to lay out thousands
  const GLYPHS = { unknown: "?", destroy: "−", replace: "±", forget: "○", update: "~", create: "+", move: "→", import: "←", read: "≤", unchanged: "=" };
  const ACTIONS = Object.keys(GLYPHS);
  const LEVELS = ["accepted", "warn", "deny"];
  const SEVERITIES = ["info", "low", "medium", "high", "critical"];

  /** Makes an element: make("p", {class: "note"}, "text", element). */
  function make(tag, attributes, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== null) element.setAttribute(name, value);
    }
    element.append(...content.filter((part) => part !== null && part !== undefined));
    return element;
  }

  // All objects: those that change come first, the most notable of them with a row in the page; the others get theirs when they
  // are wanted.
  const changing = data.resources.length;
  const objects = data.resources.concat(data.unchanged.map((object) => ({ ...object, action: "unchanged" })));
  const blockKey = (object) => object.block;
  const byBlock = new Map();
  objects.forEach((object, index) => {
    object.index = index;
    object.plan = object.plan || 0;
    object.module = data.texts[object.module];
    object.type = data.texts[object.type];
    object.said = data.texts[object.said];
    object.levels = (object.marks || []).flatMap(([, severity, level]) => [level, severity]);
    if (object.block === undefined) return;
    if (!byBlock.has(object.block)) byBlock.set(object.block, []);
    byBlock.get(object.block).push(index);
  });
  const uses = new Map();
  const usedBy = new Map();
  const link = (map, from, to) => (map.has(from) ? map.get(from).push(to) : map.set(from, [to]));
  for (const [from, to] of data.arrows) {
    link(uses, from, to);
    link(usedBy, to, from);
  }
  const moduleOf = (address) => address.replace(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]/g, "");

  // What the reader chose. The hash of the address has it, so that a link leads to the same view.
  const DEFAULTS = { q: "", action: "", level: "", module: "", type: "", plan: "", all: "", sort: "", open: "" };
  let state = { ...DEFAULTS };
  let limit = ROWS;
  let matches = [];
  let opener = null;

  const fields = { q: "search", action: "action", level: "level", module: "module", type: "type", plan: "plan", sort: "sort" };

  function readHash() {
    const hash = location.hash.slice(1);
    state = { ...DEFAULTS };
    if (!hash.includes("=")) return;
    for (const [name, value] of new URLSearchParams(hash)) {
      if (name in DEFAULTS) state[name] = value;
    }
  }

  function writeHash() {
    const chosen = Object.entries(state).filter(([, value]) => value !== "");
    const hash = new URLSearchParams(chosen).toString();
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  }

  /** Fills the selects of modules and types with what there is. */
  function fillSelect(id, values) {
    const select = byId(id);
    if (!select) return;
    for (const value of [...new Set(values)].sort()) {
      select.append(make("option", { value: value === "" ? "." : value }, value === "" ? "root module" : value));
    }
  }

  const rowsBody = byId("rows");
  const rows = rowsBody ? [...rowsBody.rows] : [];

  /** The row of an object, which is made when it is wanted. */
  function rowOf(index) {
    if (!rowsBody || !objects[index]) return undefined;
    if (!rows[index]) rows[index] = makeRow(objects[index]);
    return rows[index];
  }

  function act(action) {
    return make("span", { class: `act ${action}` }, make("span", { "aria-hidden": "true" }, GLYPHS[action]), ` ${action}`);
  }

  function makeRow(object) {
    const { address, module, action, index, marks, cost, drift } = object;
    const isWithin = module && address.startsWith(module + ".");
    const name = isWithin ? address.slice(module.length + 1) : address;
    const shownModule = isWithin ? make("span", { class: "module" }, module + ".") : null;
    const anchor = make("a", { href: "#resources", "data-open": index }, shownModule, make("b", {}, name));
    const [names, forced, reach] = object.row || [];
    const found = (marks || []).flatMap(([number, severity, level]) => [make("span", { class: `severity ${severity} ${level}` }, `${number} ${severity}${level === "deny" ? "" : ` (${level})`}`), " "]);
    const money = cost ? [cost.change ? make("b", {}, cost.change) : null, " ", cost.sides ? make("span", { class: "sides" }, cost.sides) : null] : [];
    return make(
      "tr",
      { class: action },
      make("td", {}, act(action)),
      make("th", { scope: "row" }, anchor),
      make("td", {}, ...found, drift ? make("span", { class: "drift" }, "drift") : null),
      data.costs ? make("td", { class: "money" }, ...money) : null,
      make(
        "td",
        { class: "what" },
        forced ? make("strong", { class: "forces" }, forced) : null,
        forced ? " " : null,
        ...(names === undefined ? [] : sentence(data.texts[names])),
        reach ? make("span", { class: "reach" }, ` ${reach} depend on it`) : null
      )
    );
  }

  // Orders. Without one, the order is that of the page: what a reviewer must look at most comes first.
  const compareTexts = new Intl.Collator("en", { numeric: true }).compare;
  const worst = ({ marks }) =>
    Math.max(-1, ...(marks || []).map(([, severity, level]) => LEVELS.indexOf(level) * 8 + SEVERITIES.indexOf(severity)));
  const ORDERS = {
    address: (one, other) => compareTexts(one.address, other.address),
    type: (one, other) => compareTexts(one.type, other.type),
    action: (one, other) => ACTIONS.indexOf(one.action) - ACTIONS.indexOf(other.action),
    findings: (one, other) => worst(other) - worst(one),
    cost: (one, other) => (other.cost ? other.cost.cents : 0) - (one.cost ? one.cost.cents : 0),
  };
  const FALLING = ["findings", "cost"]; // the first order is the one that falls

  function inOrder(objects) {
    const name = state.sort.replace(/^-/, "");
    const compare = Object.hasOwn(ORDERS, name) ? ORDERS[name] : null;
    if (!compare) return objects;
    const turn = state.sort.startsWith("-") ? -1 : 1;
    return objects.sort((one, other) => turn * compare(one, other) || one.index - other.index);
  }

  const heads = rowsBody ? [...document.querySelectorAll("th[data-sort]")] : [];

  function showOrder() {
    const name = state.sort.replace(/^-/, "");
    for (const head of heads) {
      if (head.dataset.sort !== name) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", FALLING.includes(name) === state.sort.startsWith("-") ? "ascending" : "descending");
    }
  }

  const aboutRule = (finding) => finding.closest(".card").querySelector(".about-rule");

  /** The finding before it that has the message, if it has but its address. */
  function inFull(finding) {
    let full = finding;
    while (full.classList.contains("like")) full = full.previousElementSibling;
    return full;
  }

  /** What a search looks at: the address, the rules and messages of findings, the names of attributes. */
  function textOf(object) {
    if (object.text === undefined) {
      const findings = (object.findings || []).map((position) => {
        const finding = byId("finding-" + position);
        return inFull(finding).textContent + aboutRule(finding).textContent;
      });
      const names = (object.rows || []).map((row) => row[3]);
      object.text = [object.address, ...findings, ...names].join("\n").toLowerCase();
    }
    return object.text;
  }

  /** Whether an object is listed unless all are: it changes, or denies, or a filter asks for what was changed outside. */
  function isWanted(object) {
    return object.index < changing || object.levels.includes("deny") || (state.level === "drift" && (object.drift || []).length > 0);
  }

  function isMatch(object) {
    const { q, action, level, module, type, plan, all } = state;
    const hasLevel = () =>
      level === "some"
        ? (object.findings || []).length > 0
        : level === "drift"
          ? (object.drift || []).length > 0
          : (object.levels || []).includes(level);
    const inModule = () => {
      const own = object.module || "";
      return module === "." ? own === "" : own === module || own.startsWith(module + ".") || moduleOf(own + ".").startsWith(module + ".");
    };
    return (
      (all === "1" || isWanted(object)) &&
      (!action || object.action === action) &&
      (!plan || String(object.plan) === plan) &&
      (!type || object.type === type) &&
      (!module || inModule()) &&
      (!level || hasLevel()) &&
      (!q || q.toLowerCase().split(/\s+/).every((word) => textOf(object).includes(word)))
    );
  }

  function show() {
    if (!rowsBody) return;
    const matching = inOrder(objects.filter(isMatch));
    matches = matching.map((object) => object.index);
    const wanted = matches.slice(0, limit).map(rowOf);
    const listed = rowsBody.rows;
    const isListed = wanted.length === listed.length && wanted.every((row, position) => row === listed[position]);
    if (!isListed) rowsBody.replaceChildren(...wanted);
    showOrder();
    const total = state.all === "1" ? objects.length : objects.filter(isWanted).length;
    const some = (number, one, many) => `${number} ${number === 1 ? one : many}`;
    const what = state.all === "1" || total > changing ? ["resource", "resources"] : ["changing resource", "changing resources"];
    const first = wanted.length < matches.length ? ` (the first ${wanted.length} are listed)` : "";
    const kept = objects.length - total;
    byId("status").textContent =
      matches.length === total
        ? some(total, ...what) + first + (state.all === "1" || kept === 0 ? "" : `; ${some(kept, "stays as it is", "stay as they are")}`)
        : `${matches.length} of ${some(total, ...what)}${first}`;
    byId("more").hidden = wanted.length === matches.length;
    byId("some").textContent = `Show ${Math.min(ROWS, matches.length - wanted.length)} more`;
    byId("every").textContent = `Show all ${matches.length}`;
  }

  function showFields() {
    for (const [name, id] of Object.entries(fields)) {
      if (byId(id)) byId(id).value = name === "sort" ? state.sort.replace(/^-/, "") : state[name];
    }
    byId("changed").checked = state.all !== "1";
  }

  /** Changes what is chosen, and all that follows from it. */
  function choose(change) {
    state = { ...state, ...change };
    limit = ROWS;
    writeHash();
    if (byId("filters")) showFields();
    show();
  }

  // The drawer.
  const drawer = byId("drawer");

  function differenceRow([depth, mark, form, name, before, after, forces]) {
    const glyph = { added: "+", removed: "-", changed: "~", same: " " }[mark];
    const row = make("div", { class: `row ${form} ${mark} i${Math.min(depth, 8)}` }, make("span", { class: "mark" }, glyph), " ");
    if (name) row.append(make("span", { class: "name" }, name));
    if (before !== null) row.append(" ", make("del", {}, before));
    if (before !== null && after !== null) row.append(" ", make("span", { class: "to" }, "→"));
    if (after !== null) row.append(" ", make("ins", {}, after));
    if (forces) row.append(" ", make("strong", { class: "forces" }, "forces replacement"));
    return row;
  }

  /** A part of the page again, with ids of its own taken off: an id is there once. */
  function copyOf(id) {
    const copy = byId(id).cloneNode(true);
    copy.removeAttribute("id");
    copy.removeAttribute("tabindex");
    return copy;
  }

  /** A finding with its message, whichever finding of its rule has that in the page. */
  function wholeFinding(id) {
    const finding = byId(id);
    const copy = copyOf(inFull(finding).id);
    if (!finding.classList.contains("like")) return copy;
    copy.querySelector(".address").replaceWith(finding.querySelector(".address").cloneNode(true));
    const [place, own] = [copy.querySelector(".place"), finding.querySelector(".place")];
    if (place) place.replaceWith(own ? own.cloneNode(true) : "");
    return copy;
  }

  /** A finding with what its rule says, as a card of its own. */
  function findingCopy(position) {
    const finding = byId("finding-" + position);
    const about = aboutRule(finding).cloneNode(true);
    about.querySelectorAll(".times").forEach((times) => times.remove());
    return make("article", { class: finding.closest(".card").className }, about, make("ul", {}, wholeFinding(finding.id)));
  }

  /** Words with what stands in grave accents as code. */
  function sentence(words) {
    const parts = words.split("`");
    return parts.length % 2 ? parts.map((part, position) => (position % 2 ? make("code", {}, part) : part)) : [words];
  }

  function dependencyList(title, blocks) {
    if (!blocks || blocks.length === 0) return [];
    const items = [...new Set(blocks)].map((block) => {
      const address = data.blocks[block][1];
      const members = byBlock.get(block) || [];
      if (members.length === 0) return make("li", {}, make("span", { class: "address" }, address));
      const first = objects[members[0]];
      const number = members.length > 1 ? ` × ${members.length}` : "";
      const anchor = make("a", { class: "address", href: "#", "data-open": members[0] }, address);
      return make("li", {}, anchor, number, " ", first.action === "unchanged" ? null : act(first.action));
    });
    return [make("h3", {}, `${title} (${items.length})`), make("ul", { class: "dependencies" }, ...items)];
  }

  function open(index) {
    const object = objects[index];
    if (!object) return;
    const title = make("h2", { id: "drawer-title", tabindex: "-1" }, make("span", { class: "address" }, object.address));
    const parts = [
      make("button", { type: "button", class: "close" }, "Close"),
      title,
      make("p", {}, act(object.action), " ", ...sentence(object.said || "")),
      data.plans.length > 1 ? make("p", { class: "note" }, data.plans[object.plan]) : null,
      ...(object.notes || []).map((note) => make("p", { class: "note" }, note)),
    ];
    const findings = object.findings || [];
    const said = findings.length ? [make("h3", {}, "Findings"), ...findings.map(findingCopy)] : [];
    const rows = object.rows
      ? [make("h3", {}, "What changes"), make("div", { class: "rows" }, ...object.rows.map(differenceRow))]
      : [];
    // A change of what is there is read first; all attributes of what is new are read last.
    parts.push(...(["update", "replace"].includes(object.action) ? [...rows, ...said] : [...said, ...rows]));
    if (object.cost) {
      const { change, sides, parts: ofCost } = object.cost;
      parts.push(make("h3", {}, "Monthly cost"), make("p", {}, change ? make("b", {}, `${change} `) : null, sides ? make("span", { class: "sides" }, sides) : null));
      if (ofCost) parts.push(make("ul", { class: "costs" }, ...ofCost.map((part) => make("li", {}, data.texts[part]))));
    }
    if (object.cut) {
      parts.push(make("p", { class: "note" }, "The differences are left out, because the page would be too large; planguard show --show all has them."));
    }
    const drift = object.drift || [];
    if (drift.length) parts.push(make("h3", {}, "Changed outside of Terraform"), ...drift.map((position) => copyOf("drift-" + position)));
    parts.push(...dependencyList("Depends on", uses.get(blockKey(object))));
    parts.push(...dependencyList("What depends on it", usedBy.get(blockKey(object))));
    if (data.arrowsLeftOut) {
      parts.push(make("p", { class: "note" }, "Dependencies are left out, because there are too many; planguard graph has them."));
    }
    drawer.replaceChildren(...parts.filter(Boolean));
    if (drawer.hidden) opener = document.activeElement;
    drawer.hidden = false;
    drawer.scrollTop = 0;
    title.focus({ preventScroll: true });
    mark(index);
    state.open = (data.plans.length > 1 ? object.plan + ":" : "") + object.address;
    writeHash();
  }

  function close() {
    if (drawer.hidden) return;
    drawer.hidden = true;
    state.open = "";
    writeHash();
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  }

  function openOfState() {
    if (!state.open) return;
    const found = objects.find((object) => (data.plans.length > 1 ? object.plan + ":" : "") + object.address === state.open);
    if (found) open(found.index);
  }

  /** Marks the row of a resource as the one that the reader is at. */
  function mark(index) {
    document.querySelectorAll("tr.chosen").forEach((row) => row.classList.remove("chosen"));
    const row = rowOf(index);
    if (row) row.classList.add("chosen");
  }

  // Keys.
  let at = -1;

  function step(by) {
    if (matches.length === 0) return;
    const here = matches.indexOf(at);
    const next = here < 0 ? (by > 0 ? 0 : matches.length - 1) : Math.max(0, Math.min(matches.length - 1, here + by));
    at = matches[next];
    if (next >= limit) {
      limit = next + ROWS;
      show();
    }
    mark(at);
    if (!drawer.hidden) {
      open(at);
      rowOf(at).scrollIntoView({ block: "nearest" });
    } else {
      rowOf(at).querySelector("a").focus();
    }
  }

  const findings = [...document.querySelectorAll("main .finding")];
  let findingAt = -1;

  function stepFinding(by) {
    if (findings.length === 0) return;
    findingAt = findingAt < 0 && by < 0 ? findings.length - 1 : Math.max(0, Math.min(findings.length - 1, findingAt + by));
    close();
    uncover(findings[findingAt]);
  }

  // Shows a finding that may be folded away.
  function uncover(finding) {
    for (let parent = finding.parentElement; parent; parent = parent.parentElement) {
      if (parent.tagName === "DETAILS") parent.open = true;
    }
    finding.focus();
    finding.scrollIntoView({ block: "center" });
  }

  function nextOrder() {
    const orders = byId("sort") ? [...byId("sort").options].map((option) => option.value) : [""];
    return orders[(orders.indexOf(state.sort.replace(/^-/, "")) + 1) % orders.length];
  }

  const KEYS = {
    "/": () => byId("search") && byId("search").focus(),
    j: () => step(1),
    k: () => step(-1),
    n: () => stepFinding(1),
    p: () => stepFinding(-1),
    s: () => choose({ sort: nextOrder() }),
    f: () => choose({ level: state.level === "some" ? "" : "some" }),
    "?": () => byId("keys").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    const isTyping = event.target.matches("input[type=search], select, textarea");
    if (event.key === "Escape") {
      if (!drawer.hidden) close();
      else if (event.target.id === "search") {
        choose({ q: "" });
        event.target.blur();
      } else if (event.target.id === "control-search") {
        event.target.value = "";
        searchControls();
      }
      return;
    }
    const isFinding = event.target.classList.contains("finding");
    const anchor = isFinding && event.key === "Enter" && event.target.querySelector("a[data-open]");
    if (anchor) anchor.click();
    else if (!isTyping && KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  document.addEventListener("click", (event) => {
    const opening = event.target.closest("[data-open]");
    if (opening) {
      event.preventDefault();
      at = Number(opening.dataset.open);
      open(at);
      return;
    }
    const filtering = event.target.closest("[data-filter]");
    if (filtering && rowsBody) {
      event.preventDefault();
      const { q, ...rest } = DEFAULTS;
      choose({ ...rest, q: "", ...Object.fromEntries(new URLSearchParams(filtering.dataset.filter)) });
      byId("resources").scrollIntoView();
      byId("search").focus({ preventScroll: true });
      return;
    }
    if (event.target.closest(".close")) close();
  });

  // The map: a module filters the table, a block opens its first resource.
  document.querySelectorAll("svg.drawing").forEach((drawing) => {
    const boxes = data.maps[Number(drawing.dataset.plan)];
    [...drawing.querySelectorAll(":scope > g")].forEach((element, position) => {
      const { kind, address } = boxes[position];
      const isModule = kind === "module";
      const plan = Number(drawing.dataset.plan);
      const block = data.blocks.findIndex(([of, name]) => of === plan && name === address);
      const first = (byBlock.get(block) || [])[0];
      if (kind === "rest" || (kind === "block" && first === undefined)) return;
      element.setAttribute("role", "button");
      element.setAttribute("tabindex", "0");
      element.setAttribute("aria-label", element.querySelector("title").textContent);
      const follow = () => {
        if (kind === "block") return open(first);
        const chosen = isModule ? { module: address || "." } : { type: address };
        choose({ ...DEFAULTS, ...chosen, plan: data.plans.length > 1 ? String(plan) : "" });
        byId("resources").scrollIntoView();
      };
      element.addEventListener("click", follow);
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          follow();
        }
      });
    });
  });

  // Dark and light. A browser may refuse to keep the choice for a file; then it holds for this view.
  const theme = byId("theme");
  const isDark = () =>
    document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
  const nameTheme = () => (theme.textContent = isDark() ? "Light" : "Dark");
  try {
    const kept = localStorage.getItem("planguard-theme");
    if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  } catch {}
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("planguard-theme", document.documentElement.dataset.theme);
    } catch {}
    nameTheme();
  });
  nameTheme();
  byId("help").addEventListener("click", () => byId("keys").showModal());
  document.querySelector(".tools").hidden = false;
  document.documentElement.classList.add("scripted");

  if (rowsBody) {
    byId("filters").hidden = false;
    fillSelect("module", objects.flatMap((object) => [object.module || "", moduleOf(object.module || "")]));
    fillSelect("type", objects.map((object) => object.type));
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("input", (event) => {
      if (event.target.id === "changed") return choose({ all: event.target.checked ? "" : "1" });
      const [name] = Object.entries(fields).find(([, id]) => id === event.target.id) || [];
      if (name) choose({ [name]: event.target.value });
    });
    byId("clear").addEventListener("click", () => choose({ ...DEFAULTS, open: state.open }));
    byId("some").addEventListener("click", () => {
      limit += ROWS;
      show();
    });
    byId("every").addEventListener("click", () => {
      limit = Infinity;
      show();
    });
    for (const head of heads) {
      const { sort } = head.dataset;
      const button = make("button", { type: "button" }, head.textContent);
      // One way, the other way, and what matters first again.
      button.addEventListener("click", () => choose({ sort: state.sort === sort ? "-" + sort : state.sort === "-" + sort ? "" : sort }));
      head.replaceChildren(button);
    }
  }

  // Controls of benchmarks: those that a search finds, in their groups.
  const controls = [...document.querySelectorAll("#benchmarks .control")];

  function searchControls() {
    const words = byId("control-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const control of controls) {
      control.hidden = !words.every((word) => control.textContent.toLowerCase().includes(word));
      found += control.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll("#benchmarks details.controls")) {
      if (group.dataset.was === undefined) group.dataset.was = group.open ? "1" : "";
      const has = group.querySelector(".control:not([hidden])") !== null;
      group.hidden = !has;
      group.open = words.length > 0 ? has : group.dataset.was === "1";
    }
    byId("control-status").textContent = words.length > 0 ? `${found} of ${controls.length} controls` : "";
  }

  if (controls.length > 0) {
    byId("control-filter").hidden = false;
    byId("control-filter").addEventListener("submit", (event) => event.preventDefault());
    byId("control-search").addEventListener("input", searchControls);
  }

  const follow = () => {
    readHash();
    if (byId("filters")) showFields();
    show();
    openOfState();
  };
  window.addEventListener("hashchange", () => {
    if (location.hash.includes("=")) follow();
    const finding = findings.find((finding) => "#" + finding.id === location.hash);
    if (finding) uncover(finding);
  });
  follow();
})();
