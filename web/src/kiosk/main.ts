import { createApp } from 'vue'
import KioskPage from './KioskPage.vue'
import './page.css'

createApp(KioskPage).mount('#kiosk')
