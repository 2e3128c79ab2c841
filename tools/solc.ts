#!/usr/bin/env node
// The compiler that npm installed, under the name and the two forms of call that forge knows: `--version`,
// and `--standard-json` with the input on the standard input. Nothing is downloaded: forge is told the path
// of this file and never asks a server which compilers exist.
//
// The pitfall is forge's pipes, which do not wait: the input is read as a stream, since reading it at once
// fails with EAGAIN, and nothing here exits before the answer's megabytes have been taken.

import { createRequire } from "node:module";
import process from "node:process";
import { text } from "node:stream/consumers";

/** The part of `solc` that is used here. */
type Compiler = { readonly version: () => string; readonly compile: (input: string) => string };

const compiler = createRequire(import.meta.url)("solc") as Compiler;

if (process.argv.includes("--version")) {
  // forge reads the line that begins with "Version:".
  const version = compiler.version().replace(/\.Emscripten.*$/, ".Emscripten.clang");
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(compiler.compile(await text(process.stdin)));
} else {
  process.stderr.write("Usage: solc.ts --version | solc.ts --standard-json < input.json\n");
  process.exitCode = 2;
}
