import type { Message } from './messages'

const RETRY = 1_500
const ANSWER_WITHIN = 5_000

interface Options {
  hear: (message: Message) => void
  connected: (connected: boolean) => void
}

/** The socket to the gate program: one frame under way at a time, back by itself when it breaks. */
export class Link {
  private socket: WebSocket | null = null
  private sentAt = 0
  private under = false

  constructor(private readonly options: Options) {
    this.connect()
  }

  private connect(): void {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.host}/kiosk/ws`)
    this.socket = socket
    socket.onopen = () => {
      this.under = false
      this.options.connected(true)
    }
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as Message
      if (message.type === 'frame') this.under = false
      this.options.hear(message)
    }
    socket.onclose = () => {
      this.options.connected(false)
      setTimeout(() => this.connect(), RETRY)
    }
  }

  /** Whether the gate waits for a frame. One that it never answers is given up after a while. */
  get ready(): boolean {
    return this.socket?.readyState === WebSocket.OPEN && (!this.under || performance.now() - this.sentAt > ANSWER_WITHIN)
  }

  sendFrame(frame: Blob): void {
    this.under = true
    this.sentAt = performance.now()
    this.socket?.send(frame)
  }

  sendPermit(permit: string): void {
    this.say({ permit })
  }

  sendCall(call: Record<string, unknown>): void {
    this.say({ call })
  }

  private say(said: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(said))
  }
}
