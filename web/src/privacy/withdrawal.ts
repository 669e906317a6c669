import 'vant/es/dialog/style'
import { showConfirmDialog } from 'vant'
import { i18n } from '@/texts/i18n'
import { api, ask } from '@/api/client'

/** Show what taking this consent back will stop and erase, as the rows are now, and ask. child: decided for by a guardian. */
export async function sureToTakeBack(purpose: string, title: string, child?: string): Promise<boolean> {
  const { t } = i18n.global
  const preview = await ask(api.GET('/api/v1/privacy/withdrawal/{purpose}', { params: { path: { purpose }, query: { child } } }))
  const erased = preview.erases.map((one) => t('withdraw.counted', { title: one.title, count: one.count }))
  const lines = [
    t('withdraw.then'),
    ...preview.stops.map((stop) => `· ${stop}`),
    ...(preview.ends.length ? [t('withdraw.ends', { purposes: preview.ends.join(t('list.comma')) })] : []),
    erased.length ? t('withdraw.willErase', { fields: erased.join(t('list.comma')) }) : t('withdraw.nothingToErase'),
  ]
  const sure = await showConfirmDialog({
    title: t('withdraw.title', { purpose: title }),
    message: lines.join('\n'),
    messageAlign: 'left',
    confirmButtonText: t('withdraw.yes'),
    confirmButtonColor: 'var(--bad)',
  }).catch(() => null)
  return sure !== null
}
