/** A pass that waits for the residents: the page shows their answer as soon as it comes. */

import { listen } from "./live.js";

const visit = document.querySelector("[data-visit]").dataset.visit;
const again = ({ id }) => id === visit && window.location.reload();

listen({ visit: again });
