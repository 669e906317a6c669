import type { Language } from './texts'

const TAGS = { zh: 'zh-CN', en: 'en-US' } as const

/** Say it aloud; what was being said before is cut off, because it no longer holds. */
export function say(text: string, language: Language): void {
  if (!('speechSynthesis' in window)) return
  const words = new SpeechSynthesisUtterance(text)
  words.lang = TAGS[language]
  words.voice = speechSynthesis.getVoices().find((voice) => voice.lang.replace('_', '-').startsWith(language)) ?? null
  speechSynthesis.cancel()
  speechSynthesis.speak(words)
}
