import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const gate = process.env.ANJU_GATE ?? 'http://127.0.0.1:8010'

/** The page on a gate's screen; the gate program serves it. */
export default defineConfig({
  root: fileURLToPath(new URL('kiosk', import.meta.url)),
  base: './',
  publicDir: false,
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  plugins: [vue()],
  build: { outDir: '../dist/kiosk', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022' },
  server: { port: 5174, fs: { allow: ['..'] }, proxy: { '/kiosk/ws': { target: gate, ws: true } } },
})
