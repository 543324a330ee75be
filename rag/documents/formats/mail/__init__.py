"""Reads mails: single ones, mailboxes, and Outlook's files."""
