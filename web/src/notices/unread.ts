import { ref, watch } from 'vue'
import { api, ask } from '@/api/client'
import { listen } from '@/live/stream'
import { me } from '@/people/me'

/** How many notices wait to be read. */
export const unread = ref(0)

async function count(): Promise<void> {
  if (!me.value) {
    unread.value = 0
    return
  }
  try {
    unread.value = (await ask(api.GET('/api/v1/notices'))).unread
  } catch {
    // The badge keeps its last number until the server answers again.
  }
}

watch(() => me.value?.id, count, { immediate: true })
listen(['notice', 'hello'], count)
