// Run once by the line above the question box: what the buttons under an answer do. Text is only ever moved, never read as HTML.
const messages = () => document.getElementById('messages');
const ASKS = ['retry', 'reading', 'next'];

const said = document.createElement('p');
said.className = 'heard';
said.setAttribute('role', 'status');
element.parentElement.append(said);

let last = '';          // the button that has, or had before its message was drawn anew, the focus
let wondering = false;  // a thumb was pressed: the word why is asked for, and its field gets the focus

function say(words) {
  said.textContent = '';
  setTimeout(() => { said.textContent = words; }, 50);
}

function byHand(text) {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'heard';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

async function copy(button, turn) {
  const text = document.getElementById(`plain-${turn}`)?.textContent ?? '';
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    done = byHand(text);  // a page that did not come over https may not use the clipboard otherwise
    button.focus();
  }
  say(done ? 'Copied, with its sources.' : 'This browser does not let the page copy. Select the text instead.');
  const name = button.textContent;
  if (done && name !== 'Copied') {
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = name; }, 1_500);
  }
}

function word(turn) {
  const field = document.getElementById(`why-${turn}`);
  last = `do-${turn}-${field?.closest('.foot').querySelector('.thumb.on')?.classList.contains('down') ? 'down' : 'up'}`;
  trigger('select', {id: `do-${turn}-word`, word: field?.value ?? ''});
  say('Kept.');
}

document.addEventListener('click', event => {
  const button = event.target.closest('#messages button.do, #notice button.cancel');
  if (!button) return;
  if (button.classList.contains('cancel')) {
    trigger('select', {id: 'cancel'});
    box()?.focus();
    return;
  }
  const [, turn, what] = button.id.split('-');
  last = button.id;
  if (what === 'copy') copy(button, turn);
  else if (what === 'word') word(turn);
  else if (ASKS.includes(what)) {
    trigger('submit', {id: button.id});
    box()?.focus();
  } else {
    wondering = what === 'up' || what === 'down';
    trigger('select', {id: button.id});
  }
});

document.addEventListener('keydown', event => {
  const field = event.target.closest?.('#messages input.word');
  if (field && event.key === 'Enter') {
    event.preventDefault();
    word(field.id.split('-')[1]);
  }
  if (event.key === 'Escape' && event.target === box()) element.querySelector('button.cancel')?.click();
});

document.addEventListener('focusin', event => {
  const part = event.target.closest('#messages button.do, #messages input.word');
  last = part ? part.id : '';
});

// Gradio draws a message anew when anything in it changes, and lets no aria- attribute through.
function tidy() {
  for (const thumb of messages().querySelectorAll('button.thumb')) thumb.setAttribute('aria-pressed', String(thumb.classList.contains('on')));
  for (const group of messages().querySelectorAll('.doing[title]')) {
    group.setAttribute('aria-label', group.title);
    group.removeAttribute('title');
  }
  const field = wondering && last && document.getElementById(last)?.closest('.foot').querySelector('input.word');
  if (field) {
    wondering = false;
    field.focus();
  } else if (last && document.activeElement === document.body) {
    document.getElementById(last)?.focus({preventScroll: true});
  }
}

whenThere('#messages', part => {
  new MutationObserver(tidy).observe(part, {childList: true, subtree: true});
  tidy();
});

watch('value', () => {
  if (!element.querySelector('.editing')) return;
  last = '';
  const field = box();
  field?.focus();
  setTimeout(() => field?.setSelectionRange(field.value.length, field.value.length), 50);
});
