"use strict";
// The page is whole without this. While something is under way, and somebody looks at it, the lists tell how far it is.
const QUICK = 2000;
const SLOW = 20000;
let wait = QUICK;
let timer;

// What is pressed or marked at this moment stays as it is.
function isInUse(list) {
  const marked = getSelection();
  return list.querySelector(":active") || (!marked.isCollapsed && list.contains(marked.anchorNode));
}

function renewed(list, fresh) {
  if (!fresh || list.innerHTML === fresh.innerHTML || isInUse(list)) return false;
  const focused = list.contains(document.activeElement) && document.activeElement.id;
  list.replaceChildren(...fresh.childNodes);
  // Whoever walks by keyboard goes on from where they were, or from the list where that is no more.
  if (focused) (document.getElementById(focused) ?? list.closest("[tabindex]"))?.focus({ preventScroll: true });
  return true;
}

async function look() {
  try {
    // Signed out meanwhile, nobody is led anywhere: the page stays as it was last seen.
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual" });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const lists = [...document.querySelectorAll("[data-live]")];
      const moved = lists.filter((list) => renewed(list, page.getElementById(list.id)));
      wait = moved.length ? QUICK : Math.min(wait * 1.5, SLOW);
    } else if (answer.status < 500 && answer.status !== 429) {
      return;
    } else {
      wait = SLOW;
    }
  } catch {
    wait = SLOW;
  }
  later();
}

function later() {
  clearTimeout(timer);
  const isOpen = document.querySelector(".state.waiting, .state.running, .state.ending");
  if (isOpen && !document.hidden) timer = setTimeout(look, wait);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  wait = QUICK;
  if (!document.hidden) look();
});
later();
