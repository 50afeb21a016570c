#!/usr/bin/env node
// Everything is in skillimage; this package only lets `npx skillctl` find it.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { bin } = require("skillimage/package.json");
await import(new URL(bin.skillctl, import.meta.resolve("skillimage/package.json")).href);
