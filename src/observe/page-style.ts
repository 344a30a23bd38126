/** Style of the status page: no outside fonts or pictures; light or dark as the reader's system is; tables that fold on a phone. */

/** CSS. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --line: #dfe3e8; --text: #1b2330; --soft: #5b6675;
  --accent: #1f5fbf; --good: #17703d; --good-bg: #dff3e6; --bad: #a8201a; --bad-bg: #fbe3e1; --warn: #7a4d00; --warn-bg: #fdeecb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --card: #1a2029; --line: #2d3642; --text: #e6eaf0; --soft: #9aa7b6;
    --accent: #7db1ff; --good: #7fdca4; --good-bg: #14351f; --bad: #ff9d95; --bad-bg: #431b19; --warn: #f3c869; --warn-bg: #3d2f0c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
header p { margin: 0; color: var(--soft); }
#live { margin-left: auto; }
#live::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .4em; background: var(--soft); }
#live.good::before { background: var(--good); }
#live.bad { color: var(--bad); }
#live.bad::before { background: var(--bad); }
.note { border-radius: .5rem; padding: .6rem .9rem; margin: 1rem 0 0; background: var(--bad-bg); color: var(--bad); overflow-wrap: anywhere; }
[hidden] { display: none !important; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1.25rem 0; }
.tiles div, .link { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles div { padding: .6rem .9rem; }
.tiles dt { color: var(--soft); font-size: .82rem; }
.tiles dd { margin: 0; font-size: 1.3rem; font-weight: 600; white-space: nowrap; }
.link { margin: 0 0 1.25rem; overflow: hidden; }
.head { display: flex; flex-wrap: wrap; gap: .4rem .7rem; align-items: center; padding: .8rem 1rem .3rem; }
h2 { font-size: 1.08rem; margin: 0; overflow-wrap: anywhere; }
.chip { border-radius: 1rem; padding: .05rem .65rem; font-size: .84rem; background: var(--ground); color: var(--soft); overflow-wrap: anywhere; }
.chip.good { background: var(--good-bg); color: var(--good); }
.chip.bad { background: var(--bad-bg); color: var(--bad); }
.chip.warn { background: var(--warn-bg); color: var(--warn); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: .15rem 1.5rem; margin: 0; padding: .2rem 1rem .8rem; }
.facts div { display: flex; gap: .5rem; min-width: 0; }
.facts dt { color: var(--soft); flex: none; }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.facts .wide { grid-column: 1 / -1; }
.facts .bad dd { color: var(--bad); }
code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.scroll { overflow-x: auto; border-top: 1px solid var(--line); }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: .4rem .55rem; vertical-align: top; }
th:first-child, td:first-child { padding-left: 1rem; }
th:last-child, td:last-child { padding-right: 1rem; }
thead th { color: var(--soft); font-weight: 500; font-size: .82rem; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
.number { text-align: right; white-space: nowrap; }
.name { overflow-wrap: anywhere; min-width: 10rem; }
.suite { overflow-wrap: anywhere; min-width: 12.5rem; }
td:nth-child(5) { white-space: nowrap; }
.empty { color: var(--soft); margin: 0; padding: .7rem 1rem; border-top: 1px solid var(--line); }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 2rem; }
@media (min-width: 70rem) { .tiles { grid-template-columns: repeat(8, 1fr); } }
@media (max-width: 46rem) {
  header, main, footer { padding-left: .75rem; padding-right: .75rem; }
  #live { margin-left: 0; }
  .tiles { grid-template-columns: repeat(2, 1fr); gap: .5rem; }
  .facts { grid-template-columns: 1fr; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td, tbody th { display: block; width: 100%; }
  tbody tr { padding: .45rem 1rem; }
  tbody td, tbody th { display: flex; gap: .75rem; padding: .1rem 0 !important; text-align: left; font-weight: 400; }
  tbody .number { text-align: left; }
  tbody td::before, tbody th::before { content: attr(data-label); color: var(--soft); flex: 0 0 6.5rem; }
}
`;
