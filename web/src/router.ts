import { createRouter, createWebHistory } from 'vue-router'
import HomePage from './home/HomePage.vue'
import { knowMe, me } from './people/me'

declare module 'vue-router' {
  interface RouteMeta {
    /** Shows the bottom bar. */
    tab?: boolean
    /** Needs an account. */
    signedIn?: boolean
  }
}

const mine = { signedIn: true }

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', component: HomePage, meta: { tab: true } },
    { path: '/access', component: () => import('./access/AccessPage.vue'), meta: { tab: true } },
    { path: '/notices', component: () => import('./notices/NoticesPage.vue'), meta: { tab: true } },
    { path: '/mine', component: () => import('./people/MinePage.vue'), meta: { tab: true } },
    { path: '/sign-in', component: () => import('./people/SignInPage.vue') },
    { path: '/sign-up', component: () => import('./people/SignUpPage.vue') },
    { path: '/agree', component: () => import('./privacy/AgreePage.vue'), meta: mine },
    { path: '/policy', component: () => import('./policies/PoliciesPage.vue') },
    { path: '/policy/changes', component: () => import('./policies/ChangesPage.vue') },
    { path: '/policy/:name', component: () => import('./policies/DocumentPage.vue'), props: true },
    { path: '/communities', component: () => import('./homes/CommunitiesPage.vue') },
    { path: '/homes', component: () => import('./homes/HomesPage.vue'), meta: mine },
    { path: '/homes/apply', component: () => import('./homes/ApplyPage.vue'), meta: mine },
    { path: '/homes/applications/:id', component: () => import('./homes/ApplicationPage.vue'), meta: mine, props: true },
    { path: '/homes/:id/members', component: () => import('./household/HouseholdPage.vue'), meta: mine, props: true },
    { path: '/homes/:id/members/invite', component: () => import('./household/InviteMemberPage.vue'), meta: mine, props: true },
    { path: '/join', component: () => import('./household/JoinPage.vue'), meta: mine },
    { path: '/access/nearby', component: () => import('./access/NearbyPage.vue'), meta: mine },
    { path: '/access/cards', component: () => import('./access/CardsPage.vue'), meta: mine },
    { path: '/access/phones', component: () => import('./access/PhonesPage.vue'), meta: mine },
    { path: '/access/entries', component: () => import('./access/EntriesPage.vue'), meta: mine },
    { path: '/calls', component: () => import('./intercom/CallsPage.vue'), meta: mine },
    { path: '/calls/softphones', component: () => import('./intercom/SoftphonesPage.vue'), meta: mine },
    { path: '/calls/telephone', component: () => import('./intercom/TelephonePage.vue'), meta: mine },
    { path: '/visitors', component: () => import('./visitors/VisitorsPage.vue'), meta: mine },
    { path: '/visitors/invite', component: () => import('./visitors/InvitePage.vue'), meta: mine, props: (to) => ({ visitor: to.query.visitor }) },
    { path: '/visitors/:id', component: () => import('./visitors/PassPage.vue'), meta: mine, props: true },
    { path: '/vehicles', component: () => import('./vehicles/VehiclesPage.vue'), meta: mine },
    { path: '/vehicles/add', component: () => import('./vehicles/AddCarPage.vue'), meta: mine, props: { visitor: false } },
    { path: '/vehicles/expect', component: () => import('./vehicles/AddCarPage.vue'), meta: mine, props: { visitor: true } },
    { path: '/fees', component: () => import('./fees/FeesPage.vue'), meta: mine },
    { path: '/fees/for-others', component: () => import('./fees/ForOthersPage.vue') },
    { path: '/mine/spending', component: () => import('./fees/SpendingPage.vue'), meta: mine },
    { path: '/utilities', component: () => import('./utilities/UtilitiesPage.vue'), meta: mine },
    { path: '/utilities/add', component: () => import('./utilities/AddAccountPage.vue'), meta: mine },
    { path: '/utilities/:id', component: () => import('./utilities/AccountPage.vue'), meta: mine, props: true },
    { path: '/payments/:id', component: () => import('./fees/PaymentPage.vue'), meta: mine, props: true },
    { path: '/wallet', component: () => import('./wallet/WalletPage.vue'), meta: mine },
    { path: '/wallet/open', component: () => import('./wallet/OpenWalletPage.vue'), meta: mine },
    { path: '/wallet/close', component: () => import('./wallet/CloseWalletPage.vue'), meta: mine },
    { path: '/wallet/cards', component: () => import('./wallet/CardsPage.vue'), meta: mine },
    { path: '/wallet/cards/add', component: () => import('./wallet/AddCardPage.vue'), meta: mine },
    { path: '/wallet/top-up', component: () => import('./wallet/MoneyPage.vue'), meta: mine, props: { out: false } },
    { path: '/wallet/withdraw', component: () => import('./wallet/MoneyPage.vue'), meta: mine, props: { out: true } },
    { path: '/wallet/transfer', component: () => import('./wallet/TransferPage.vue'), meta: mine },
    { path: '/wallet/password', component: () => import('./wallet/PasswordLostPage.vue'), meta: mine },
    { path: '/wallet/safety', component: () => import('./wallet/SafetyPage.vue'), meta: mine },
    { path: '/wallet/movements/:id', component: () => import('./wallet/MovementPage.vue'), meta: mine, props: true },
    { path: '/packets', component: () => import('./packets/PacketsPage.vue'), meta: mine },
    { path: '/packets/new', component: () => import('./packets/SendPacketPage.vue'), meta: mine },
    { path: '/packets/:id', component: () => import('./packets/PacketPage.vue'), meta: mine, props: true },
    { path: '/rentals', component: () => import('./rentals/RentalsPage.vue') },
    { path: '/rentals/mine', component: () => import('./rentals/MyRentalsPage.vue'), meta: mine },
    { path: '/rentals/new', component: () => import('./rentals/EditListingPage.vue'), meta: mine },
    { path: '/rentals/:id/edit', component: () => import('./rentals/EditListingPage.vue'), meta: mine, props: true },
    { path: '/rentals/:id', component: () => import('./rentals/ListingPage.vue'), props: true },
    { path: '/visit', component: () => import('./visit/VisitPage.vue') },
    { path: '/face', component: () => import('./face/FacePage.vue'), meta: mine },
    { path: '/face/at-gate', component: () => import('./face/AtGatePage.vue'), meta: mine, props: (to) => ({ anew: to.query.anew === '1' }) },
    { path: '/face/enrol', component: () => import('./face/EnrolPage.vue'), meta: mine },
    { path: '/mine/profile', component: () => import('./people/ProfilePage.vue'), meta: mine },
    { path: '/mine/privacy', component: () => import('./privacy/ConsentsPage.vue'), meta: mine },
    { path: '/mine/privacy/history', component: () => import('./privacy/HistoryPage.vue'), meta: mine },
    { path: '/mine/privacy/centre', component: () => import('./privacy/CentrePage.vue'), meta: mine },
    { path: '/mine/privacy/:code', component: () => import('./privacy/PurposePage.vue'), meta: mine, props: true },
    { path: '/mine/settings', component: () => import('./people/SettingsPage.vue'), meta: mine },
    { path: '/mine/settings/cancel', component: () => import('./rights/CancelPage.vue'), meta: mine },
    { path: '/mine/rights', component: () => import('./rights/RightsPage.vue'), meta: mine },
    { path: '/mine/rights/:kind(correct|delete|restrict|explain)', component: () => import('./rights/AskPage.vue'), meta: mine, props: true },
    { path: '/announcements', component: () => import('./notices/AnnouncementsPage.vue') },
    { path: '/receipts/:id', component: () => import('./rights/ReceiptPage.vue'), props: true },
    { path: '/mine/children', component: () => import('./children/ChildrenPage.vue'), meta: mine },
    { path: '/mine/children/add', component: () => import('./children/AddChildPage.vue'), meta: mine },
    { path: '/mine/children/:id', component: () => import('./children/ChildPage.vue'), meta: mine, props: true },
    { path: '/mine/children/:id/:code', component: () => import('./children/ChildPurposePage.vue'), meta: mine, props: true },
    { path: '/mine/security', component: () => import('./people/SecurityPage.vue'), meta: mine },
    { path: '/mine/security/password', component: () => import('./people/PasswordPage.vue'), meta: mine },
    { path: '/mine/security/totp', component: () => import('./people/TotpPage.vue'), meta: mine },
    { path: '/mine/security/recovery-codes', component: () => import('./people/RecoveryCodesPage.vue'), meta: mine },
    { path: '/mine/security/passkeys', component: () => import('./people/PasskeysPage.vue'), meta: mine },
    { path: '/mine/security/sessions', component: () => import('./people/SessionsPage.vue'), meta: mine },
    { path: '/:rest(.*)', component: () => import('./layout/NotFoundPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  await knowMe()
  // Not known (no network) is not signed out: the page itself says what it cannot load.
  if (to.meta.signedIn && me.value === null) return { path: '/sign-in', query: { next: to.fullPath } }
  return true
})
