import { onUnmounted, ref, type Ref } from 'vue'

/** Seconds until something may be asked for again. */
export function countdown(seconds: number): { left: Readonly<Ref<number>>; restart: () => void } {
  const left = ref(seconds)
  const timer = setInterval(() => (left.value = Math.max(0, left.value - 1)), 1000)
  onUnmounted(() => clearInterval(timer))
  return { left, restart: () => (left.value = seconds) }
}
