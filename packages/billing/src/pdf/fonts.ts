import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fonts } from '@embedpdf/fonts-sc';

function fileOf(weight: number): string {
  const found = (fonts as readonly { file: string; weight: number }[]).find((font) => font.weight === weight);
  if (found === undefined) throw new Error(`@embedpdf/fonts-sc has no font of weight ${weight}`);
  // By its name, from wherever this runs: in a bundle that is apps/web, which names the package for that.
  return join(dirname(createRequire(import.meta.url).resolve('@embedpdf/fonts-sc')), '../fonts', found.file);
}

let loaded: { regular: Buffer; bold: Buffer } | undefined;

/** Noto Sans Hans, which has Latin, Greek, Cyrillic and 27,000 Chinese characters; 8.5 MB each, read once. */
export function loadFonts(): { regular: Buffer; bold: Buffer } {
  loaded ??= { regular: readFileSync(fileOf(400)), bold: readFileSync(fileOf(700)) };
  return loaded;
}
