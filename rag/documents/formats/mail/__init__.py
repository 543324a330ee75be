"""Reads mails: single ones, mailboxes, and those that Outlook saves."""
