import type { Router } from 'vue-router'
import { base64url } from '@/access/permit'
import { api, ask, type Schema } from '@/api/client'
import { Problem } from '@/api/problem'
import { agreeTo } from '@/privacy/ask'
import { i18n } from '@/texts/i18n'

/** install: an iPhone or iPad, which wakes only apps on its home screen. */
export type PushState = 'unsupported' | 'install' | 'denied' | 'off' | 'on'

const KEPT = 'anju.push'

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return undefined
  return navigator.serviceWorker.getRegistration()
}

/** What this browser can do, and whether it is woken. Raises Problem. */
export async function pushState(): Promise<{ state: PushState; server: Schema['PushOut'] }> {
  const server = await ask(api.GET('/api/v1/push'))
  const worker = await registration()
  if (!worker) return { state: /iPhone|iPad/.test(navigator.userAgent) ? 'install' : 'unsupported', server }
  if (Notification.permission === 'denied') return { state: 'denied', server }
  const on = (await worker.pushManager.getSubscription()) && server.subscriptions.some((one) => one.here)
  return { state: on ? 'on' : 'off', server }
}

/** Ask for what is missing, consent before permission, and subscribe. False: declined. Raises Problem. */
export async function turnOn(person: string, server: Schema['PushOut']): Promise<boolean> {
  const worker = await registration()
  if (!worker || (!server.agreed && !(await agreeTo('push')))) return false
  if ((await Notification.requestPermission()) !== 'granted') return false
  await subscribe(worker, server.public_key)
  localStorage.setItem(KEPT, person)
  return true
}

async function subscribe(worker: ServiceWorkerRegistration, publicKey: string): Promise<void> {
  let subscription: PushSubscription
  try {
    subscription = await current(worker, publicKey)
  } catch {
    throw new Problem(0, 'push_unreachable', i18n.global.t('push.unreachable'))
  }
  const { endpoint, keys } = subscription.toJSON()
  await ask(api.POST('/api/v1/push', { body: { endpoint: endpoint ?? '', keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' } } }))
}

/** The browser's subscription, made anew when it is tied to a key that the server no longer has. */
async function current(worker: ServiceWorkerRegistration, publicKey: string): Promise<PushSubscription> {
  const found = await worker.pushManager.getSubscription()
  const key = found?.options.applicationServerKey
  if (found && key && base64url(new Uint8Array(key)) === publicKey) return found
  await found?.unsubscribe()
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
}

/** Raises Problem. */
export async function turnOff(server: Schema['PushOut']): Promise<void> {
  const here = server.subscriptions.find((one) => one.here)
  if (here) await ask(api.DELETE('/api/v1/push/{subscription}', { params: { path: { subscription: here.id } } }))
  await forgetPush()
}

/** Nobody is woken here any more, whatever the server still knows. */
export async function forgetPush(): Promise<void> {
  localStorage.removeItem(KEPT)
  await (await (await registration())?.pushManager.getSubscription())?.unsubscribe()
}

/** After a sign-in: what this person switched on here goes on, and what another did ends. */
export async function keepPush(person: string): Promise<void> {
  const kept = localStorage.getItem(KEPT)
  if (!kept) return
  if (kept !== person) return forgetPush()
  const { state, server } = await pushState()
  if (!server.agreed) await forgetPush()
  else if (state === 'off' && Notification.permission === 'granted') await turnOn(person, server)
}

/** A tap on a notification leads there, without loading the app anew. */
export function followTaps(router: Router): void {
  navigator.serviceWorker?.addEventListener('message', (event: MessageEvent<{ open?: string } | null>) => {
    if (event.data?.open) void router.push(event.data.open)
  })
}
