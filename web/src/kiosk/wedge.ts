const PERMIT = /^ANJU1\.[\w-]{10,200}$/
const LONGEST_GAP = 100

/** Listen to a scanner that types like a keyboard: fast, and Enter at the end. */
export function listenToScanner(scanned: (permit: string) => void): void {
  let typed = ''
  let last = 0
  window.addEventListener('keydown', (event) => {
    if (event.timeStamp - last > LONGEST_GAP) typed = ''
    last = event.timeStamp
    if (event.key === 'Enter') {
      if (PERMIT.test(typed)) scanned(typed)
      typed = ''
    } else if (event.key.length === 1) typed += event.key
  })
}
