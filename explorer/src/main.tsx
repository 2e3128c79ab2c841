/**
 * The explorer's entry: style sheets in the order in which they build on each other, then the page.
 *
 * Everything is same-origin and relative: the page works from any folder of any static server, asks no other
 * host for anything, and tells nobody that it was looked at.
 */
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/verify.css";
import "./style/pages.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme } from "./theme.ts";

applyTheme();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);
