import { fileURLToPath } from 'node:url'
import { VantResolver } from '@vant/auto-import-resolver'
import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'
import { VitePWA } from 'vite-plugin-pwa'
import { vantFont } from './vant-font.ts'

const platform = process.env.ANJU_PLATFORM ?? 'http://127.0.0.1:8000'

/** The resident app. */
export default defineConfig({
  define: { __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false' },
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  plugins: [
    vantFont(),
    vue(),
    components({ dirs: [], resolvers: [VantResolver()], dts: 'components.d.ts' }),
    VitePWA({
      registerType: 'prompt',
      injectRegister: null,
      manifest: {
        name: '安居 · 智慧社区',
        short_name: '安居',
        description: '开门、通行、房屋与通知，尽在掌握；您的信息，由您做主。',
        lang: 'zh-Hans',
        start_url: '/',
        display: 'standalone',
        background_color: '#f4f7f6',
        theme_color: '#0b5f5a',
        icons: [
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
        shortcuts: [{ name: '开门二维码', url: '/access' }],
      },
      workbox: {
        // Only the app's own files are kept. There is no runtime caching: no answer and no camera frame ever is.
        globPatterns: ['**/*.{js,css,html,svg,woff2,png}'],
        globIgnores: ['push.js'],
        importScripts: ['/push.js'],
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [/^\/(api|_allauth|live|console|static)(\/|$)/],
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  build: {
    outDir: 'dist/app',
    assetsInlineLimit: 0,
    target: 'es2022',
    rolldownOptions: {
      output: {
        // A few files that stay cached for long, rather than dozens of tiny ones.
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules[\\/](vue|@vue|vue-router|vue-i18n|@intlify)[\\/]/ },
            { name: 'vant', test: /node_modules[\\/]@?vant[\\/]/ },
            { name: 'shared', test: /src[\\/](api|layout|live|texts[\\/].*\.ts)/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(['/api', '/_allauth', '/live', '/console', '/static'].map((path) => [path, { target: platform }])),
  },
  test: { include: ['tests/**/*.test.ts'] },
})
