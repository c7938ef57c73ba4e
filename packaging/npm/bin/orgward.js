#!/usr/bin/env node
// Runs the program of the package for this system. A gate fails closed: without the program the exit code is 2.
"use strict";

const { spawnSync } = require("node:child_process");

const system = `${process.platform}-${process.arch}`;
const file = process.platform === "win32" ? "orgward.exe" : "orgward";

let program;
try {
  program = require.resolve(`@orgward/${system}/bin/${file}`);
} catch {
  console.error(
    `orgward: the package @orgward/${system} is not installed\n` +
      "install without `--omit=optional`, or take a binary from https://github.com/orgward/orgward/releases",
  );
  process.exit(2);
}

const { error, signal, status } = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`orgward: cannot run ${program}: ${error.message}`);
}
// A program that was killed has no verdict.
process.exit(error || signal ? 2 : status);
