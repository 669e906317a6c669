import { currentLanguage } from './i18n'

/** Fen as people write yuan. */
export function yuan(fen: number): string {
  const locale = currentLanguage() === 'en' ? 'en-GB' : 'zh-CN'
  return new Intl.NumberFormat(locale, { style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol', maximumFractionDigits: fen % 100 ? 2 : 0 }).format(fen / 100)
}

/** What somebody typed in yuan, as whole fen; NaN when it is no amount. */
export function fen(text: string): number {
  return /^\d{1,9}(\.\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text) * 100) : Number.NaN
}
