// Fails when a text is missing in a language, used but not written, or written but not used.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const src = new URL('../src/', import.meta.url).pathname

function flat(texts, prefix = '') {
  return Object.entries(texts).flatMap(([key, value]) => (typeof value === 'string' ? [prefix + key] : flat(value, `${prefix}${key}.`)))
}

const read = (language) => flat(JSON.parse(readFileSync(join(src, 'texts', `${language}.json`), 'utf8')))
const zh = new Set(read('zh-hans'))
const en = new Set(read('en'))

const code = readdirSync(src, { recursive: true })
  .filter((name) => /\.(ts|vue)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => readFileSync(join(src, name), 'utf8'))
  .join('\n')
const quoted = new Set([...code.matchAll(/['"`]([a-z]\w*\.\w+)['"`]/gi)].map((match) => match[1]))
const called = [...code.matchAll(/\bt\(\s*(?:[^()'"`]*\?\s*)?'([\w.]+)'/g)].map((match) => match[1])
const prefixes = [...code.matchAll(/\bt\(`([\w.]+?)\$\{/g)].map((match) => match[1])

const faults = [
  ...[...zh].filter((key) => !en.has(key)).map((key) => `missing in en: ${key}`),
  ...[...en].filter((key) => !zh.has(key)).map((key) => `missing in zh-hans: ${key}`),
  ...called.filter((key) => !zh.has(key)).map((key) => `not written: ${key}`),
  ...prefixes.filter((prefix) => ![...zh].some((key) => key.startsWith(prefix))).map((prefix) => `not written: ${prefix}…`),
  ...[...zh].filter((key) => !quoted.has(key) && !prefixes.some((prefix) => key.startsWith(prefix))).map((key) => `not used: ${key}`),
]
for (const fault of new Set(faults)) process.stderr.write(`${fault}\n`)
process.exit(faults.length ? 1 : 0)
