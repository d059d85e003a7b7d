/** Colours by their use: light, dark. Every text has a contrast of at least 4.5 to 1 on its ground. */
const palette = {
  ground: ["#ffffff", "#14181f"],
  raised: ["#f5f7fa", "#1c222b"],
  ink: ["#1b2330", "#e4e8ee"],
  muted: ["#566273", "#9fabbb"],
  rule: ["#d5dbe3", "#343d4a"],
  link: ["#1f5a9e", "#86b7f2"],
  operational: ["#2563a8", "#6aa9ee"],
  disaster: ["#7a4fa3", "#bb9af0"],
  third: ["#0f766e", "#4fc3b5"],
  fourth: ["#9a5b00", "#e2a74a"],
  good: ["#17703c", "#63d093"],
  warn: ["#8a5600", "#ecb54f"],
  bad: ["#b3261e", "#ff8f86"],
  "good-ground": ["#e5f4ea", "#173324"],
  "warn-ground": ["#fdf3dd", "#372a10"],
  "bad-ground": ["#fdebe9", "#3d1c1a"],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

function variables(value: (light: string, dark: string) => string): string {
  return Object.entries(palette)
    .map(([name, [light, dark]]) => `--${name}:${value(light, dark)};`)
    .join("");
}

const colours = `
:root{color-scheme:light dark;${variables((light, dark) => `light-dark(${light},${dark})`)}}
@supports not (color:light-dark(#000,#fff)){:root{color-scheme:light;${variables((light) => light)}}}
`;

const page = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:2.5rem 1.5rem 4rem;max-width:62rem;background:var(--ground);color:var(--ink);
  font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
header{border-bottom:3px solid var(--operational);padding-bottom:1rem;margin-bottom:1.5rem}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance;margin:0}
h1{font-size:1.9rem;letter-spacing:-.01em}
h2{font-size:1.35rem;margin:2.6rem 0 .7rem}
h3{font-size:1.1rem;margin:1.8rem 0 .5rem}
h4{font-size:1rem;margin:1.4rem 0 .4rem;color:var(--muted)}
.subtitle{font-size:1.1rem;margin:.35rem 0 0;color:var(--muted)}
.generated{font-size:.85rem;margin:.5rem 0 0;color:var(--muted)}
p,ul,ol,dl{margin:.6rem 0;max-width:46rem}
li{margin:.2rem 0}
a{color:var(--link)}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 2rem;padding-left:1.3rem;font-size:.92rem}
code,pre{font-family:ui-monospace,"Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
code{background:var(--raised);border-radius:3px;padding:.1em .3em}
pre{background:var(--raised);border:1px solid var(--rule);border-radius:6px;padding:.8rem 1rem;overflow-x:auto;overflow-wrap:normal}
pre code{background:none;padding:0}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.35rem 1.5rem;max-width:none}
dt{font-weight:600;max-width:20rem}
dd{margin:0}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.note{border-left:4px solid var(--operational);background:var(--raised);border-radius:0 6px 6px 0;padding:.15rem 1rem;margin:1rem 0;max-width:48rem}
.note.warn{border-color:var(--warn);background:var(--warn-ground)}
.note.bad{border-color:var(--bad);background:var(--bad-ground)}
.note .icon{display:inline-block;width:1.35em;height:1.35em;margin-right:.55em;border-radius:50%;text-align:center;
  line-height:1.35em;font-weight:700;font-size:.85em;color:var(--ground);background:var(--operational)}
.note.warn .icon{background:var(--warn)}
.note.bad .icon{background:var(--bad)}
footer{margin-top:3rem;border-top:1px solid var(--rule);font-size:.88rem;color:var(--muted)}
footer h2{font-size:1rem;margin:1rem 0 .2rem}
summary{cursor:pointer;color:var(--link);font-size:.88rem;padding:.2rem 0}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
`;

const tables = `
.scroll{overflow-x:auto;margin:1rem 0 .4rem}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
caption{text-align:left;font-weight:600;padding:0 0 .45rem}
th,td{padding:.42rem .8rem .42rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:.2rem}
thead th{border-bottom:2px solid var(--ink);vertical-align:bottom;font-size:.82rem;color:var(--muted);font-weight:600}
tbody th{font-weight:600;min-width:7rem}
.right{text-align:right}
td.right{white-space:nowrap}
del{color:var(--muted);text-decoration-thickness:1px}
sup{line-height:0;font-size:.7em;margin-left:.15em}
sup a{text-decoration:none}
.state{font-weight:600}
.state.good{color:var(--good)}
.state.bad{color:var(--bad)}
.state.warn{color:var(--warn)}
.origin{display:block;font-size:.72rem;font-weight:400;line-height:1.3;color:var(--muted);white-space:nowrap}
.origin.measured{color:var(--good)}
.origin.assumed{color:var(--warn)}
.bases{font-size:.85rem;color:var(--muted)}
.bases ol{margin:.3rem 0 .8rem}
.bases li:target{background:var(--warn-ground);color:var(--ink)}
`;

const plots = `
figure{margin:1.4rem 0}
figcaption{font-weight:600;font-size:.95rem;margin-bottom:.5rem}
svg.plot{display:block;width:100%;height:auto}
.narrow{display:none!important}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
svg .ticks text{fill:var(--muted)}
svg .axis-name{fill:var(--muted);font-size:12px}
.grid line{stroke:var(--rule);stroke-width:1}
.axis{fill:none;stroke:var(--muted);stroke-width:1.2}
.break{fill:none;stroke:var(--muted);stroke-width:1;stroke-dasharray:2 4}
.objective{fill:var(--good);fill-opacity:.13;stroke:var(--good);stroke-dasharray:5 3}
.mark{fill:var(--ink);stroke:var(--ink);fill-opacity:.14;stroke-opacity:.65;stroke-width:1.3}
.mark.front{fill-opacity:.72;stroke-opacity:1}
.group-0{fill:var(--operational);stroke:var(--operational)}
.group-1{fill:var(--disaster);stroke:var(--disaster)}
.group-2{fill:var(--third);stroke:var(--third)}
.group-3{fill:var(--fourth);stroke:var(--fourth)}
.ring{fill:none;stroke:var(--ink);stroke-width:2.2}
svg .name{paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
svg .name.chosen{font-weight:700}
.leader{stroke:var(--muted);stroke-width:.8}
.layer-operational{--layer:var(--operational)}
.layer-disaster{--layer:var(--disaster)}
.bar{fill:var(--layer);stroke:var(--layer);stroke-width:1}
.fine-0 .bar{fill:color-mix(in srgb,var(--layer) 100%,var(--ground))}
.fine-1 .bar{fill:color-mix(in srgb,var(--layer) 50%,var(--ground))}
.fine-2 .bar{fill:color-mix(in srgb,var(--layer) 27%,var(--ground))}
.fine-3 .bar{fill:color-mix(in srgb,var(--layer) 10%,var(--ground))}
.fine-0 .inside{fill:var(--ground);font-weight:600}
svg .inside{font-size:11px}
.lapse text{fill:var(--bad);font-weight:600;paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
.hatch-ground{fill:var(--bad);fill-opacity:.14;stroke:none}
.hatch-line{stroke:var(--bad);stroke-width:2.4;fill:none}
line.mark-48h{stroke:var(--ink);stroke-width:1.4;stroke-dasharray:5 3}
text.mark-48h{font-weight:600}
.shares polyline{fill:none;stroke:var(--third);stroke-width:2}
.shares circle{fill:var(--third)}
.legend,.key{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.3rem;font-size:.84rem;color:var(--muted);max-width:none}
.legend li,.key li{margin:0}
.key b{color:var(--ink)}
.lapses{list-style:none;padding:0;color:var(--bad);font-size:.92rem;font-weight:600}
.swatch{width:18px;height:18px;vertical-align:-4px;margin-right:.4rem}
footer .legend .origin{display:inline;font-size:inherit;font-weight:600}
`;

const media = `
@media (max-width:40rem){
td.left,th.left{min-width:9.5rem}
td.left:empty,th.left:empty{min-width:0}
body{padding:1.4rem 1rem 3rem}
h1{font-size:1.5rem}
h2{font-size:1.2rem;margin-top:2rem}
dl{grid-template-columns:1fr;gap:.1rem}
dd{margin-bottom:.5rem}
.wide{display:none!important}
svg.narrow{display:block!important}
.key.narrow{display:flex!important}
}
@media print{
:root{color-scheme:light}
@page{margin:18mm 16mm}
body{padding:0;max-width:none;font-size:10.5pt}
nav,.numbers summary{display:none}
.bases summary{list-style:none;color:inherit}
.bases summary::-webkit-details-marker{display:none}
.scroll{overflow:visible}
.wide{display:block!important}
ul.key.wide{display:flex!important}
.narrow{display:none!important}
h2,h3,h4,caption,figcaption{break-after:avoid}
tr,.note,svg,dt,li{break-inside:avoid}
thead{display:table-header-group}
a{color:inherit;text-decoration:none}
.bar,.mark,.objective,.hatch-ground,.note{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}
}
`;

/** The whole style of the page. It fetches nothing, and nothing of a report is in it. */
export const styleSheet: string = colours + page + tables + plots + media;
