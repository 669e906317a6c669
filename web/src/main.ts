import { createApp } from 'vue'
import App from './App.vue'
import { followTaps } from './notices/push'
import { router } from './router'
import { i18n, chosenLanguage, useLanguage } from './texts/i18n'
import './theme.css'

await useLanguage(chosenLanguage() ?? 'zh-hans')
followTaps(router)
createApp(App).use(i18n).use(router).mount('#app')
