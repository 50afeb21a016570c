/**
 * Layers: reproducible to write, safe to read.
 *
 * A skill's files travel as one gzip-compressed tar. Written here, it has the same bytes on every system; read here,
 * it is untrusted until its last byte has been judged. Knows tar, gzip and directories; nothing of images or skills.
 */
export { type CollectedFiles, collectFiles, type CollectOptions, type UnsupportedFile } from "./collect.ts";
export { demandsOf } from "./demands.ts";
export { type ExtractOptions, type ExtractSummary, extractLayers } from "./extract.ts";
export { createLayer, type CreateLayerOptions } from "./layer.ts";
export { readLayer, type ReadLayerOptions, readLayers, type ReadLayersOptions } from "./layer-read.ts";
export { readTar, type ReadTarOptions } from "./layer-read.ts";
export { type ArchiveLimits, DEFAULT_LIMITS, type LayerDemands, LAYOUT_LIMITS, limitsToRaise } from "./limits.ts";
export { PATH_RULES, type PathRule, pathRefusal } from "./path-rules.ts";
export { sameContent } from "./same-content.ts";
export { type TarOptions, writeTar } from "./tar-write.ts";
export type { Content } from "../content/index.ts";
export type { Compression, LayerEntry, LayerFile, LayerSource, LayerStream, LayerSummary } from "./types.ts";
