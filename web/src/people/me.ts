import { ref, watch } from 'vue'
import { forgetPhoneKey } from '@/access/phoneKey'
import { noteServerTime } from '@/access/clock'
import { api, ask, whenSignedOut, type Schema } from '@/api/client'
import { asProblem } from '@/api/problem'
import { startLive, stopLive } from '@/live/stream'
import { forgetPush, keepPush } from '@/notices/push'
import { chosenLanguage, currentLanguage, useLanguage, type Language } from '@/texts/i18n'

/** The signed-in person; null: nobody is; undefined: not known yet, because the server could not be asked. */
export const me = ref<Schema['Me'] | null>()

whenSignedOut(() => {
  me.value = null
})

watch(me, (person) => (person ? startLive() : stopLive()))
watch(
  () => me.value?.id,
  (person) => {
    // Without a network it is tried again at the next start.
    if (person) void keepPush(person).catch(() => undefined)
  },
)

export async function loadMe(): Promise<void> {
  const asked = Date.now()
  try {
    const person = await ask(api.GET('/api/v1/me'))
    noteServerTime(person.now, asked, Date.now())
    me.value = person
  } catch (error) {
    if (asProblem(error).status === 401) me.value = null
    return
  }
  await agreeOnLanguage()
}

/** Ask who we are unless we know. */
export async function knowMe(): Promise<void> {
  if (me.value === undefined) await loadMe()
}

async function agreeOnLanguage(): Promise<void> {
  const person = me.value
  if (!person) return
  if (!chosenLanguage()) await useLanguage(person.language as Language)
  else if (person.language !== currentLanguage()) await change({ language: currentLanguage() })
}

/** Raises Problem. */
export async function change(change: Schema['MeChange']): Promise<void> {
  me.value = await ask(api.PATCH('/api/v1/me', { body: change }))
}

/** After signing out nothing of the person stays on this device. */
export async function leave(): Promise<void> {
  me.value = null
  await Promise.all([forgetPhoneKey(), forgetPush()])
}
