import { mkdirSync, writeFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** Vant carries its icon font as a data: address and as one at a foreign host. Our content security policy refuses both: make a file of it. */
export function vantFont(): Plugin {
  return {
    name: 'vant-font',
    enforce: 'pre',
    transform(code, id) {
      const font = id.includes('vant/es/icon/index.css') && code.match(/url\(data:font\/woff2;[^,]*,([^)]+)\)[^}]*?(?=[;}])/)
      if (!font) return null
      const folder = new URL('node_modules/.cache/', import.meta.url).pathname
      mkdirSync(folder, { recursive: true })
      writeFileSync(`${folder}vant-icon.woff2`, Buffer.from(font[1]!, 'base64'))
      return { code: code.replace(font[0], `url(${folder}vant-icon.woff2) format('woff2')`), map: null }
    },
  }
}
