// What the service worker does when it is woken while the app is closed; the rest of it is written by the build.

self.addEventListener('push', (event) => event.waitUntil(show(read(event.data))))

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data.path))
})

/** Browsers take the permission away from a push that shows nothing: whatever came, something is shown. */
function read(data) {
  const usual = { kind: 'notice', title: '安居', body: '', tag: 'notice', path: '/notices', until: 0 }
  try {
    return { ...usual, ...data.json() }
  } catch {
    return usual
  }
}

function show({ kind, title, body, tag, path, until }) {
  const rings = kind === 'call' && Date.now() < until * 1000
  return self.registration.showNotification(title, {
    body,
    tag,
    renotify: true,
    requireInteraction: rings,
    vibrate: rings ? [600, 300, 600, 300, 600, 300, 600] : [150],
    icon: '/icon-192.png',
    badge: '/icon-192.png',
    data: { path: path.startsWith('/') && !path.startsWith('//') ? path : '/' },
  })
}

/** An open app is not loaded anew: somebody may be talking in it. */
async function open(path) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const app = pages.find((page) => !new URL(page.url).pathname.startsWith('/console'))
  if (!app) return self.clients.openWindow(path)
  app.postMessage({ open: path })
  return app.focus()
}
