import { Locale } from 'vant'
import enVant from 'vant/es/locale/lang/en-US'
import zhVant from 'vant/es/locale/lang/zh-CN'
import { createI18n } from 'vue-i18n'
import zh from './zh-hans.json'

export type Language = 'zh-hans' | 'en'

const KEPT = 'anju.language'

export const i18n = createI18n({ legacy: false, locale: 'zh-hans' as Language, fallbackLocale: 'zh-hans', messages: { 'zh-hans': zh } as Record<string, typeof zh> })

/** The language this device chose, if it did. */
export function chosenLanguage(): Language | null {
  const kept = localStorage.getItem(KEPT)
  return kept === 'en' || kept === 'zh-hans' ? kept : null
}

export function currentLanguage(): Language {
  return i18n.global.locale.value as Language
}

export async function useLanguage(language: Language): Promise<void> {
  if (language === 'en' && !i18n.global.availableLocales.includes('en')) {
    i18n.global.setLocaleMessage('en', (await import('./en.json')).default)
  }
  i18n.global.locale.value = language
  localStorage.setItem(KEPT, language)
  document.documentElement.lang = language === 'en' ? 'en' : 'zh-Hans'
  Locale.use(language === 'en' ? 'en-US' : 'zh-CN', language === 'en' ? enVant : zhVant)
}
