/**
 * The page's only style sheet. Tones keep apart for colour-blind readers (after Okabe and Ito) and stand out from the
 * paper by 4.5 to 1 or more, since names are written in them.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #16181d; --muted: #5c626e; --line: #e4e4df; --wash: #f6f6f3; --on: #ffffff;
  --model: #0b5cad; --recurrent: #b8480a; --rules: #00735a; --neighbours: #994080; --plain: #666c76;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #0d0f14; --ink: #eceef3; --muted: #9aa3b2; --line: #262c38; --wash: #151922; --on: #0d0f14;
    --model: #6cb4f5; --recurrent: #f2995c; --rules: #45c9a3; --neighbours: #e59ccd; --plain: #9aa3b2;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 940px; margin: 0 auto; padding: clamp(20px, 5vw, 56px) clamp(16px, 4vw, 40px);
  background: var(--paper); color: var(--ink); overflow-wrap: break-word;
}
h1, h2, h3, p, dl, dd, figure, pre { margin: 0; }
h1 { font-size: 2rem; line-height: 1.15; letter-spacing: -.02em; margin: 4px 0 8px; }
h2 { font-size: 1.25rem; letter-spacing: -.01em; margin-bottom: 6px; }
h3 { font-size: .9375rem; }
p { max-width: 72ch; }
.kicker, .what, section > p, figcaption p { color: var(--muted); }
.kicker { font-size: .875rem; }
.result { font-size: 1.1875rem; line-height: 1.45; margin-top: 14px; max-width: 60ch; }
section { margin-top: 44px; padding-top: 20px; border-top: 1px solid var(--line); }
section > h3 { margin: 20px 0 6px; }
.key { display: flex; flex-wrap: wrap; gap: 14px 40px; margin-top: 22px; }
.key dt { font-size: .8125rem; color: var(--muted); }
.key dd { font-size: 1.375rem; font-weight: 600; letter-spacing: -.01em; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 24px 36px; }
.charts { margin: 20px 0 24px; align-items: start; }
.charts .table { margin-top: 0; }
figure { display: flex; flex-direction: column; gap: 10px; max-width: 470px; break-inside: avoid; }
figcaption p { font-size: .875rem; line-height: 1.45; }
svg { display: block; width: 100%; height: auto; }
figcaption span { color: var(--ink); margin-right: 16px; white-space: nowrap; }
figcaption span::before {
  content: ""; display: inline-block; width: .75em; height: .75em; margin-right: 6px; border-radius: 2px;
  background: var(--tone); print-color-adjust: exact;
}
.key-model { --tone: var(--model); }
.key-recurrent { --tone: var(--recurrent); }
.key-rules { --tone: var(--rules); }
.key-neighbours { --tone: var(--neighbours); }
.key-plain { --tone: var(--plain); }
.table { overflow-x: auto; margin-top: 16px; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: 6px; }
th, td { padding: 4px 0 4px 26px; text-align: right; font-weight: 400; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--muted); vertical-align: bottom; white-space: normal; }
tr { break-inside: avoid; }
.marked > * { font-weight: 700; }
pre {
  background: var(--wash); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin-top: 12px;
  font: .875rem/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere;
}
.facts { columns: 3 220px; column-gap: 36px; font-size: .875rem; }
.facts div { display: flex; justify-content: space-between; gap: 12px; padding: 3px 0; border-bottom: 1px solid var(--line); break-inside: avoid; }
.facts dt { color: var(--muted); }
.facts dd { text-align: right; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
@media (max-width: 560px) {
  th, td { padding-left: 10px; }
  table { font-size: .8125rem; }
  .key { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  section { margin-top: 24px; }
  .charts { grid-template-columns: 1fr 1fr; gap: 16px 24px; }
  .table { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding-left: 12px; }
  h2, h3, caption { break-after: avoid; }
  svg * { print-color-adjust: exact; }
}
`;
