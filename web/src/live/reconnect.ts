/** The part of EventSource that we use. */
export interface Source {
  addEventListener(event: string, act: (heard: { data?: string }) => void): void
  onerror: ((event: Event) => void) | null
  close(): void
}

interface Options {
  /** A fresh address each time: its ticket opens one stream. */
  address: () => Promise<string>
  open: (url: string) => Source
  events: string[]
  /** data: what the event says of it, as JSON. */
  hear: (event: string, data?: string) => void
}

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** One event stream that comes back by itself, ever more patiently while the server is away. */
export class Stream {
  private source: Source | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private wait = FIRST_WAIT
  private wanted = false

  constructor(private readonly options: Options) {}

  start(): void {
    if (this.wanted) return
    this.wanted = true
    void this.connect()
  }

  stop(): void {
    this.wanted = false
    clearTimeout(this.timer)
    this.drop()
  }

  private drop(): void {
    this.source?.close()
    this.source = null
  }

  private async connect(): Promise<void> {
    let url: string
    try {
      url = await this.options.address()
    } catch {
      this.later()
      return
    }
    if (!this.wanted) return
    const source = this.options.open(url)
    this.source = source
    for (const event of this.options.events) {
      source.addEventListener(event, ({ data }) => {
        if (event === 'hello') this.wait = FIRST_WAIT
        this.options.hear(event, data)
      })
    }
    // The browser would retry with the spent ticket: close it and take a new one.
    source.onerror = () => {
      this.drop()
      this.later()
    }
  }

  private later(): void {
    if (!this.wanted) return
    this.timer = setTimeout(() => void this.connect(), this.wait)
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT)
  }
}
