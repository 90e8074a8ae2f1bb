"""How a page looks, and what its tables do when they are asked: the one style sheet and the one script of ``html.py``.

Both stand in the page itself. They are Python's so that the package holds nothing that would have to be found at run time.
"""

from heedful.inspection.palette import DARK, LIGHT


def variables(colours: dict[str, str]) -> str:
    """The colours as CSS variables."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


STYLE = f"""
:root {{ color-scheme: light dark; {variables(LIGHT)} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}

*, ::before, ::after {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }}
body {{
  margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
  font: 1rem/1.6 system-ui, "Apple SD Gothic Neo", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", sans-serif;
}}
:lang(ko) {{ word-break: keep-all; }}
main, body > footer {{ max-width: 50rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2rem); }}
main {{ padding-top: clamp(2rem, 7vw, 4.5rem); }}
h1, h2, h3, p, li, td, th, figcaption, caption {{ unicode-bidi: plaintext; }}
h1, h2, h3 {{ line-height: 1.25; letter-spacing: -0.011em; text-wrap: balance; margin: 0; }}
h1 {{ font-size: clamp(1.7rem, 1.3rem + 2vw, 2.4rem); font-weight: 680; letter-spacing: -0.02em; }}
h2 {{ font-size: 1.35rem; font-weight: 650; }}
h3 {{ font-size: 0.95rem; font-weight: 600; margin: 2rem 0 0.6rem; }}
p {{ margin: 0.9rem 0; max-width: 42rem; text-wrap: pretty; }}
.lead p {{ font-size: 1.08rem; }}
a {{ color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.2em; }}
a:hover {{ text-decoration-thickness: 2px; }}
:focus-visible {{ outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }}

nav {{ margin: 1.8rem 0 0; font-size: 0.92rem; }}
nav h2 {{ font-size: 0.92rem; font-weight: 600; color: var(--quiet); letter-spacing: 0; }}
nav ol {{ list-style: none; margin: 0.4rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; }}
.claims {{ margin-top: 2.2rem; }}
.claims td p {{ margin: 0.15rem 0 0.2rem; color: var(--quiet); font-size: 0.92em; }}
.claims th {{ color: var(--quiet); font-weight: 600; }}
.claims td:last-child {{ width: 1%; white-space: nowrap; }}

section {{ margin-top: 3.2rem; padding-top: 2rem; border-top: 1px solid var(--rule); }}
.claim {{ font-size: 1.08rem; margin: 0.7rem 0 0.6rem; }}

.verdict {{
  display: inline-flex; align-items: center; gap: 0.45em; padding: 0.12em 0.7em 0.12em 0.5em; border: 1.5px solid;
  font-size: 0.88rem; font-weight: 600; line-height: 1.5;
}}
.verdict svg {{ width: 1em; height: 1em; flex: none; }}
.verdict.holds {{ color: var(--good); border-radius: 1em; }}
.verdict.does-not-hold {{ color: var(--bad); border-radius: 0; }}
.verdict.not-decided {{ color: var(--open); border-style: dashed; border-radius: 0.35em; }}

.figures {{ display: flex; flex-wrap: wrap; gap: 1.8rem 1.5rem; margin: 1.6rem 0; }}
figure {{ margin: 0; min-width: 0; max-width: 100%; }}
figure.wide {{ flex: 1 0 100%; }}
figcaption, caption {{ color: var(--quiet); font-size: 0.9rem; line-height: 1.5; text-align: start; }}
figcaption {{ margin-top: 0.55rem; width: 0; min-width: 100%; }}
.scroll {{ overflow-x: auto; max-width: 100%; }}
.scroll > svg {{ display: block; max-width: 100%; height: auto; }}
.wide > .scroll > svg {{ min-width: 30rem; }}

table {{ border-collapse: collapse; font-size: 0.93rem; line-height: 1.45; font-variant-numeric: tabular-nums; }}
.table {{ margin: 1.6rem 0; }}
caption {{ padding: 0 0 0.5rem; }}
th, td {{ padding: 0.42rem 0.8rem; text-align: start; vertical-align: top; border-bottom: 1px solid var(--rule); }}
th:first-child, td:first-child {{ padding-inline-start: 0.1rem; }}
th:last-child, td:last-child {{ padding-inline-end: 0.1rem; }}
thead th {{ font-weight: 600; border-bottom: 1.5px solid var(--quiet); vertical-align: bottom; }}
tbody td {{ max-width: 30rem; }}
tbody td:not(.number) {{ min-width: 9ch; }}
tbody tr:last-child td {{ border-bottom-color: var(--quiet); }}
.number {{ text-align: end; }}
td.number {{ white-space: nowrap; }}
th button {{
  font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; text-align: inherit;
  display: inline-flex; align-items: baseline; gap: 0.3em; white-space: nowrap;
}}
th button:enabled {{ cursor: pointer; }}
th button:enabled:hover {{ text-decoration: underline; text-underline-offset: 0.2em; }}
.number button {{ flex-direction: row-reverse; }}
th button::after {{
  content: ""; flex: none; border: 0.28em solid transparent; border-top-color: currentColor; opacity: 0;
  transform: translateY(0.05em);
}}
th button:enabled::after {{ opacity: 0.3; }}
th[aria-sort="ascending"] button::after {{
  opacity: 1; border-top-color: transparent; border-bottom-color: currentColor; transform: translateY(-0.2em);
}}
th[aria-sort="descending"] button::after {{ opacity: 1; }}

pre {{
  margin: 0.6rem 0; padding: 0.85rem 1rem; overflow-x: auto; border-radius: 6px; background: var(--panel);
  border: 1px solid var(--rule);
  font: 0.86rem/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "D2Coding", "Noto Sans Mono CJK KR", monospace;
}}
body > footer {{ margin-top: 4rem; padding-bottom: 3rem; color: var(--quiet); font-size: 0.88rem; }}

@media print {{
  :root {{ color-scheme: light; }}
  @page {{ margin: 18mm 16mm; }}
  body {{ font-size: 10.5pt; }}
  main, body > footer {{ max-width: none; padding: 0; }}
  main {{ padding-top: 0; }}
  nav {{ display: none; }}
  a {{ color: inherit; text-decoration: none; }}
  section {{ margin-top: 1.6rem; padding-top: 1.2rem; }}
  h2, h3, caption {{ break-after: avoid; }}
  figure, tr, .verdict {{ break-inside: avoid; }}
  thead {{ display: table-header-group; }}
  .scroll {{ overflow: visible; }}
  .wide > .scroll > svg {{ min-width: 0; }}
  th button::after {{ display: none; }}
  pre {{ white-space: pre-wrap; overflow: visible; }}
}}
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], given = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const value = (row, column) => {
    const cell = row.cells[column], number = cell.dataset.value;
    return number === undefined ? (cell.dataset.none === undefined ? cell.textContent : null) : Number(number);
  };
  const compared = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return words.compare(one, other);
  };
  const next = { none: "ascending", ascending: "descending", descending: "none" };
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    button.disabled = false;
    button.addEventListener("click", () => {
      const order = next[head.getAttribute("aria-sort")], sign = order === "descending" ? -1 : 1;
      heads.forEach((each) => each.setAttribute("aria-sort", each === head ? order : "none"));
      const keyed = given.map((row) => [value(row, column), row]);
      if (order !== "none") keyed.sort(([one], [other]) => {
        if (one === null || other === null) return (one === null) - (other === null);
        return sign * compared(one, other);
      });
      body.append(...keyed.map(([, row]) => row));
    });
  });
}
"""
