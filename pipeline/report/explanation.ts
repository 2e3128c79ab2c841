/** A page of its own for explained answers, as self-contained as the report (render.ts). */
import type { ExplanationFacts } from "./data.ts";
import { html, trusted } from "./html.ts";
import { POLICY } from "./policy.ts";
import { explanationSection } from "./sections/explanation.ts";
import { STYLE } from "./style.ts";

/** Renders explanations as a self-contained HTML document. Pure: the same facts give the same bytes. */
export function renderExplanations(explanations: readonly ExplanationFacts[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>What taught an answer · Quittance</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<div class="page">
<main id="main">
${explanationSection(explanations)}
</main>
<footer>Made by Quittance. This page loads nothing and sends nothing; it is as good offline as online.</footer>
</div>
</body>
</html>
`.html;
}
