// Makes numbers show their source, copies answers, and handles the keyboard.
(() => {
    const show = card => {
        const turn = card.closest('.fn-turn');
        const panel = card.closest('.fn-panel');
        panel.classList.add('fn-choosing');
        panel.querySelectorAll('.fn-turn').forEach(other => other.classList.toggle('fn-shown', other === turn));
        panel.querySelectorAll('.fn-lit').forEach(other => other.classList.remove('fn-lit'));
        card.classList.add('fn-lit');
        card.focus({preventScroll: true});
        card.scrollIntoView({block: 'center', behavior: 'smooth'});
    };
    const copy = async (link, text) => {
        await navigator.clipboard.writeText(text);
        link.textContent = 'Copied';
        setTimeout(() => { link.textContent = 'Copy with sources'; }, 1500);
    };
    // Gradio labels each message with its markup. A screen reader would read that out instead of the words.
    new MutationObserver(() => {
        document.querySelectorAll('#fn-chat [data-testid][aria-label]').forEach(m => m.removeAttribute('aria-label'));
    }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label']});
    // On a narrow screen the sidebar covers the chat, so it is closed at first.
    const narrow = new MutationObserver(() => {
        const open = document.querySelector('.sidebar.open .toggle-button');
        if (!open) return;
        narrow.disconnect();
        if (innerWidth < 800) open.click();
    });
    narrow.observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['class']});
    // After the end of a session the sign-in page starts a new one.
    const fetchAnything = window.fetch;
    window.fetch = async (...request) => {
        const answer = await fetchAnything(...request);
        if (answer.status === 401) location.reload();
        return answer;
    };
    document.addEventListener('click', event => {
        const link = event.target.closest('a.fn-cite, a.fn-copy');
        if (!link) return;
        event.preventDefault();
        const target = link.getAttribute('href').slice(1);
        const found = document.getElementById(target);
        if (!found) return;
        if (link.classList.contains('fn-copy')) copy(link, found.textContent);
        else show(found);
    });
    document.addEventListener('keydown', event => {
        const writing = event.target.closest('input, textarea, select, [contenteditable]');
        if (event.key === '/' && !writing) {
            event.preventDefault();
            document.querySelector('#fn-question textarea').focus();
        } else if (event.key === 'Escape') {
            document.querySelector('#fn-question button.stop-button')?.click();
        }
    });
})();
