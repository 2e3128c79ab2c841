/**
 * The style sheet. The page looks like what it is, a receipt: paper and ink, dotted leaders, figures in a
 * column, a slip that ends in a sum. Colour never carries a meaning alone; green and vermilion stay apart in
 * lightness as well, for readers who do not see the difference in hue. Fonts are whatever good ones the
 * reader's system has.
 */
export const STYLE = `
:root{color-scheme:light dark;
--paper:#f7f4ec;--card:#fffdf7;--ink:#211e18;--muted:#665f52;--line:#d9d1bf;--soft:#ece6d8;
--positive:#17714c;--negative:#c2512f;--reproducible:#28598a;--attested:#7a4a86;--governed:#5d6470;--committed:#8a5a00;
--serif:"Iowan Old Style","Palatino Linotype",Palatino,Charter,"Bitstream Charter","DejaVu Serif",Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif;
--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{
--paper:#171612;--card:#201e19;--ink:#ece6d9;--muted:#a89f8e;--line:#3a362d;--soft:#2a2720;
--positive:#58bd8c;--negative:#ee8a68;--reproducible:#7fb2e6;--attested:#cb9bd8;--governed:#a9b1be;--committed:#e0ad4e}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans)}
.page{max-width:62rem;margin:0 auto;padding:0 1.25rem 4rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:1}
a{color:inherit;text-decoration-color:var(--line);text-underline-offset:.2em}a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--reproducible);outline-offset:2px}
h1,h2,h3{font-family:var(--serif);font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:clamp(1.9rem,5vw,2.9rem);margin:.2rem 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.6rem;margin:0 0 .4rem}h3{font-size:1.12rem;margin:0 0 .2rem}
p{margin:0 0 .8rem}strong{font-weight:650}
.masthead{padding-top:2.2rem}
.brand{margin:0 0 2rem;padding-bottom:.7rem;border-bottom:3px double var(--line);color:var(--muted);font-size:.9rem}
.brand-name{font:600 1.1rem var(--serif);color:var(--ink);margin-right:.6rem}.brand-word{font-style:italic;font-family:var(--serif)}
.dateline,.aside,.note{color:var(--muted)}.note,.aside{font-size:.86rem}
.opening{display:grid;grid-template-columns:minmax(0,1fr) 21rem;gap:2.5rem;align-items:start;margin:1.4rem 0 1rem}
.story{font:1.13rem/1.6 var(--serif);max-width:36rem}
.slip{background:var(--card);padding:1.3rem 1.4rem 1.6rem;font:.86rem/1.5 var(--mono);font-variant-numeric:tabular-nums;
border:1px solid var(--line);border-bottom:0;
-webkit-mask:conic-gradient(from -45deg at bottom,#0000,#000 1deg 89deg,#0000 90deg) bottom/12px 6px repeat-x,linear-gradient(#000 0 0) top/100% calc(100% - 6px) no-repeat;
mask:conic-gradient(from -45deg at bottom,#0000,#000 1deg 89deg,#0000 90deg) bottom/12px 6px repeat-x,linear-gradient(#000 0 0) top/100% calc(100% - 6px) no-repeat}
.slip-head{display:flex;justify-content:space-between;gap:1rem;margin:0 0 .8rem;padding-bottom:.6rem;border-bottom:1px dashed var(--line);font-weight:700}
.slip-head span{font-weight:400;color:var(--muted);text-align:right}
.slip dl{margin:0}.slip-line{white-space:nowrap;display:flex;flex-wrap:wrap;align-items:baseline;gap:.5rem;margin:.2rem 0}
.slip-line dt{display:contents}.slip-line dt::after{content:"";flex:1;border-bottom:1px dotted var(--muted);opacity:.6}
.slip-line dd{margin:0 0 0 auto}
.verdict{margin:.9rem 0 1rem;width:fit-content;padding:.6rem .8rem;border:1px solid currentColor;border-radius:3px;font-weight:650}
.slip .verdict{text-align:center;width:auto;margin-bottom:0}.verdict.good{color:var(--positive)}.verdict.bad{color:var(--negative)}
.contents{border-block:1px solid var(--line);margin:1.8rem 0 0}
.contents ul{display:flex;flex-wrap:wrap;gap:.2rem 1.3rem;list-style:none;margin:0;padding:.6rem 0;font-size:.92rem}
.contents a{text-decoration:none}.contents a:hover{text-decoration:underline}
section{padding-top:3rem}
.lead,.story,dd,li,.chart p{text-wrap:pretty}.lead{max-width:44rem;color:var(--muted);margin-bottom:1.4rem}
.mark,.tag{display:inline-block;font:600 .74rem/1.5 var(--sans);padding:0 .45em;border-radius:3px;white-space:nowrap;vertical-align:.08em}
.tag{border:1px dashed var(--muted);color:var(--muted);font-weight:500}
.mark{border:1px solid currentColor}.mark::before{margin-right:.35em;font-size:.9em}
.mark-proven{color:var(--card);background:var(--positive);border-color:var(--positive)}.mark-proven::before{content:"✓"}
.mark-reproducible{color:var(--reproducible)}.mark-reproducible::before{content:"↻"}
.mark-attested{color:var(--attested)}.mark-attested::before{content:"✎"}
.mark-governed{color:var(--governed)}.mark-governed::before{content:"§"}
.mark-committed{color:var(--committed);border-style:dashed}.mark-committed::before{content:"…"}
.legend{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem 1.6rem;margin:0 0 1.8rem}
.legend dt{font-size:.86rem;color:var(--muted);margin-bottom:.2rem}.legend dd{margin:0;font-size:.92rem}
.chart{margin:0 0 1.6rem;padding:1.3rem 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:4px;break-inside:avoid-page}
.chart figcaption p{color:var(--muted);font-size:.92rem;max-width:44rem;margin-bottom:.7rem}
.chart .mark{font-size:.7rem}
.bars{width:100%;border-collapse:collapse;font-size:.92rem}
.bars thead th{font-weight:500;font-size:.8rem;color:var(--muted);text-align:left;padding:0 0 .3rem}.bars thead th:last-child{text-align:right}
.bars tbody th{width:13rem;font-weight:500;text-align:left;padding:.16rem .8rem .16rem 0;overflow-wrap:anywhere}
.bars .plot{padding:.16rem 0}.bars .num{width:1%;padding:.16rem 0 .16rem 1rem}
.bars .num .aside{display:inline-block;min-width:4em}
.plot svg{display:block;width:100%;height:1.15rem;overflow:visible}
.bar.positive{fill:var(--positive)}.bar.negative{fill:var(--negative)}
.axis{stroke:var(--muted);stroke-width:1px}
.join{stroke-width:3px;opacity:.45}.join.positive{stroke:var(--positive)}.join.negative{stroke:var(--negative)}
.dot{fill:none;stroke:var(--muted);stroke-width:12px;stroke-linecap:round}
.dot.hollow{stroke:var(--card);stroke-width:8px}.dot.positive{stroke:var(--positive)}.dot.negative{stroke:var(--negative)}
.key-dot{display:inline-block;width:.75rem;height:.75rem;border-radius:50%;background:var(--positive);margin:0 .3rem 0 .8rem;vertical-align:-.05em}
.key-dot.negative{background:var(--negative);margin-left:.2rem}.key-dot.hollow{background:none;border:2px solid var(--muted);margin-left:0}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll{overflow-x:auto;margin:0 0 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:4px}
.data{width:100%;border-collapse:collapse;font-size:.9rem}
.data caption{text-align:left;font:600 1rem var(--serif);padding:.9rem 1rem .5rem}
.data th,.data td{padding:.45rem 1rem;text-align:left;vertical-align:top;border-top:1px solid var(--soft)}
.data .num{text-align:right}
.data thead th{font-weight:500;font-size:.8rem;color:var(--muted);border-top:0;border-bottom:1px solid var(--line);white-space:nowrap}
.data tbody th{font-weight:500}.data tfoot th,.data tfoot td{border-top:3px double var(--line);font-weight:650}
.hash,code{font:.8em/1.45 var(--mono);overflow-wrap:anywhere}.data th .aside{font-weight:400}.data th .hash{display:inline-block;width:21.5ch;font-weight:400;color:var(--muted)}
.facts{margin:0 0 1.2rem}.facts>div{display:grid;grid-template-columns:17rem minmax(0,1fr);gap:.2rem 1.2rem;padding:.45rem 0;border-top:1px solid var(--soft)}
.facts dt{color:var(--muted)}.facts dd{margin:0;overflow-wrap:anywhere}
.marks{list-style:none;margin:0 0 1.4rem;padding:0;font-size:.92rem}.marks li{margin:.3rem 0}
.receipts{list-style:none;margin:0 0 1rem;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:.8rem;align-items:start}
.receipt{background:var(--card);border:1px solid var(--line);border-radius:4px;padding:.8rem .9rem .5rem;break-inside:avoid}
.receipt-face{display:flex;gap:.9rem;align-items:center}.receipt-answer{margin:0;line-height:1.5}
.question{width:56px;height:56px;flex:none;image-rendering:pixelated;border:1px solid var(--soft)}
@media (prefers-color-scheme:dark){.question{filter:invert(1);border-color:#ccc}}
.wrong{color:var(--negative);font-size:.86rem;font-weight:600}
.receipt .facts>div{grid-template-columns:minmax(0,1fr);gap:0}.receipt .facts{font-size:.86rem;margin:.4rem 0 0}
.explained{border-top:1px solid var(--line);padding:1rem 0 .6rem}.explained h4{margin:.9rem 0 .4rem;font:600 1rem var(--serif)}
.text-content{margin:0;padding-left:.7rem;border-left:3px solid var(--line);font-size:.92rem;overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--muted);font-size:.84rem;padding:.3rem 0}details[open] summary{color:var(--ink)}
.proof{border-top:1px solid var(--line);padding:1rem 0 .4rem}.proof p{max-width:46rem;margin-bottom:.4rem}
.limits{max-width:46rem;padding-left:1.2rem}.limits li{margin-bottom:.7rem}
footer{margin-top:3.5rem;padding-top:.8rem;border-top:3px double var(--line);color:var(--muted);font-size:.86rem}
@media (max-width:52rem){.opening{grid-template-columns:minmax(0,1fr);gap:1.2rem}.slip{max-width:26rem}}
@media (max-width:38rem){
.page{padding:0 .9rem 3rem}.brand-word{display:block}.masthead{padding-top:1.2rem}
.chart{padding:1rem}.bars thead{display:none}.bars,.bars tbody{display:block}
.bars tr{display:grid;grid-template-columns:minmax(0,1fr) auto;align-items:baseline;padding:.3rem 0}
.bars tbody th{width:auto;padding:0}.bars .num{width:auto;padding:0 0 0 .8rem;grid-column:2;grid-row:1}
.bars .plot{grid-column:1/-1;grid-row:2;padding:.1rem 0 0}.plot svg{height:.8rem}
.facts>div{grid-template-columns:minmax(0,1fr);gap:0}.facts dt{font-size:.84rem}
.data th,.data td{padding:.4rem .7rem}}
@media print{
:root{--paper:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#999;--soft:#ccc;--positive:#17714c;--negative:#b0401f}
body{font-size:10.5pt}.page{max-width:none;padding:0}.contents,.skip{display:none}section{padding-top:1.6rem}
h2,h3,.lead{break-after:avoid}.slip{-webkit-mask:none;mask:none;border-bottom:1px solid var(--line)}.question{filter:none}
.scroll{overflow:visible}.data{font-size:8.5pt}.data th,.data td{padding:.25rem .5rem}
.key-dot{print-color-adjust:exact;-webkit-print-color-adjust:exact}.data tfoot{display:table-row-group}
.receipts{grid-template-columns:repeat(3,minmax(0,1fr))}.proof details::details-content{content-visibility:visible;block-size:auto}
.mark-proven{color:var(--positive);background:none}}
`;
